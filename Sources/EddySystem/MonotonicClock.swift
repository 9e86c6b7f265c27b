internal import Glibc

/// CLOCK_MONOTONIC: the clock of all deadlines, including those passed to the kernel.
package enum MonotonicClock {
    package static var now: Instant { Instant(nanoseconds: nanoseconds(of: CLOCK_MONOTONIC)) }
}
