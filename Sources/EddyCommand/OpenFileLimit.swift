import Eddy
internal import Glibc

/// The number of descriptors that the process may have, of which each connection takes one.
enum OpenFileLimit {
    /// Connections that a server with so many loops may have, each of which takes `each` descriptors; nil: no limit.
    static func connections(loops: Int, each: Int) -> Int? {
        SystemFacts.openFiles.soft.map { max(1, descriptorsForConnections(within: $0, loops: loops) / each) }
    }

    /// Descriptors that a limit leaves for connections.
    static func descriptorsForConnections(within limit: UInt64, loops: Int) -> Int {
        max(0, Int(clamping: limit) - ownDescriptors - loops * descriptorsOfLoop)
    }

    /// Those of the command itself: standard streams, signals, the resolver, and some to spare.
    private static let ownDescriptors = 20
    /// A ring or epoll, a wake-up, a listener.
    private static let descriptorsOfLoop = 4

    /// Raises the limit to what the system allows the process without asking. The lower one is there for programs
    /// that use select(2), which this one does not.
    ///
    /// - Throws: ``CommandFailure`` when not even a ring and its listeners would fit.
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

    /// What the command itself needs: its own files, rings, wake-ups, signals and listeners.
    private static let minimum = 32
}
