internal import Glibc

/// The processor time of the calling thread, in nanoseconds, including system time.
package enum ThreadClock {
    package static var processorTime: UInt64 { nanoseconds(of: CLOCK_THREAD_CPUTIME_ID) }
}
