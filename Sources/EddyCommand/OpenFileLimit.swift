internal import Glibc

/// The number of descriptors that the process may have, of which each connection takes one.
enum OpenFileLimit {
    /// Raises the limit to what the system allows the process without asking. The lower one is there for programs
    /// that use select(2), which this one does not.
    static func raise() {
        var limit = rlimit()
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard unsafe getrlimit(resource, &limit) == 0, limit.rlim_cur < limit.rlim_max else { return }
        limit.rlim_cur = limit.rlim_max
        unsafe _ = setrlimit(resource, &limit)
    }
}
