import Glibc

/// Runs `body` while this process can open no descriptor. For a process of a test's own.
func withoutDescriptors<Success>(_ body: () -> Success) -> Success {
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    var before = rlimit()
    getrlimit(resource, &before)
    var none = rlimit(rlim_cur: 0, rlim_max: before.rlim_max)
    setrlimit(resource, &none)
    defer { setrlimit(resource, &before) }
    return body()
}
