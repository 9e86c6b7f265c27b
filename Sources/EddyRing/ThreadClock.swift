internal import CLiburing
internal import Glibc

/// The processor time of the calling thread, in nanoseconds, the system's work for it included.
package enum ThreadClock {
    package static var processorTime: UInt64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
