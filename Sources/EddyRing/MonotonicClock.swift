internal import CLiburing
internal import Glibc

/// CLOCK_MONOTONIC in nanoseconds: the clock of deadlines, on which the kernel measures them too.
package enum MonotonicClock {
    package static var now: UInt64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
