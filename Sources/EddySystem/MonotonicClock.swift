internal import Glibc

/// CLOCK_MONOTONIC in nanoseconds: the clock of deadlines, on which the kernel measures them too.
package enum MonotonicClock {
    package static var now: UInt64 { nanoseconds(of: CLOCK_MONOTONIC) }
}
