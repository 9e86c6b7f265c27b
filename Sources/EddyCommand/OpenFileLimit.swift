import Eddy
internal import Glibc

/// The number of descriptors that the process may have. Each connection takes one.
enum OpenFileLimit {
    /// The most connections of a server with `loops` loops, if each connection takes `each` descriptors; nil: no limit.
    static func connections(loops: Int, each: Int) -> Int? {
        SystemInformation.openFiles.soft.map { max(1, descriptorsForConnections(within: $0, loops: loops) / each) }
    }

    /// Descriptors that a limit leaves for connections.
    static func descriptorsForConnections(within limit: UInt64, loops: Int) -> Int {
        max(0, Int(clamping: limit) - ownDescriptors - loops * descriptorsOfLoop)
    }

    /// Descriptors of the command itself: standard streams, signals, the resolver, and some to spare.
    private static let ownDescriptors = 20
    /// A ring or epoll, a wake-up, a listener.
    private static let descriptorsOfLoop = 4

    /// Raises the soft limit to the hard limit. The soft limit protects programs that use select(2), which this one
    /// does not.
    ///
    /// - Throws: ``CommandFailure`` if not even a ring and its listeners fit.
    static func raise() throws {
        var limit = rlimit()
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard unsafe getrlimit(resource, &limit) == 0 else { return }
        if limit.rlim_cur < limit.rlim_max {
            limit.rlim_cur = limit.rlim_max
            unsafe _ = setrlimit(resource, &limit)
        }
        guard limit.rlim_cur >= minimum else {
            throw CommandFailure("the limit of \(limit.rlim_cur) open files is too low; raise it with 'ulimit -n'")
        }
    }

    /// Descriptors that the command itself needs: its own files, rings, wake-ups, signals and listeners.
    private static let minimum = 32
}
