internal import Glibc

/// CLOCK_MONOTONIC in nanoseconds: the clock of all deadlines, including those passed to the kernel.
package enum MonotonicClock {
    package static var now: UInt64 { nanoseconds(of: CLOCK_MONOTONIC) }
}
