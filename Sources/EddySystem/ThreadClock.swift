internal import Glibc

/// The processor time of the calling thread, in nanoseconds, the system's work for it included.
package enum ThreadClock {
    package static var processorTime: UInt64 { nanoseconds(of: CLOCK_THREAD_CPUTIME_ID) }
}
