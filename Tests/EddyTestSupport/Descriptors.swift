import Glibc

/// Runs `body` while this process can open no descriptor. Use it only in a process of a test's own.
package func withoutDescriptors<Success>(_ body: () -> Success) -> Success {
    withDescriptors(below: 0, body)
}

/// Runs `body` while this process can only open descriptors with numbers below `limit`.
package func withDescriptors<Success>(below limit: Int, _ body: () -> Success) -> Success {
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    var before = rlimit()
    getrlimit(resource, &before)
    var few = rlimit(rlim_cur: rlim_t(limit), rlim_max: before.rlim_max)
    setrlimit(resource, &few)
    defer { setrlimit(resource, &before) }
    return body()
}
