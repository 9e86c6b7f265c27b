internal import Glibc

/// This thread's processor time in nanoseconds that `body` takes for each of `count` operations. Other load on the
/// machine hardly affects it.
@inlinable
@inline(__always)
public func nanosecondsEach(_ count: Int, _ body: () -> Void) -> Double {
    let start = threadNanoseconds()
    body()
    return (threadNanoseconds() - start) / Double(count)
}

@usableFromInline
func threadNanoseconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
}
