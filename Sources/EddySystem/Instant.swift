/// A point in time: nanoseconds of CLOCK_MONOTONIC, or of a simulation's clock.
///
/// Deadlines and the times of events are instants. A length of time is a `Duration`, or a number of nanoseconds where
/// it is stored compactly or computed often.
@usableFromInline
package struct Instant: Comparable, Hashable, Sendable, BitwiseCopyable {
    /// Nanoseconds since the clock's origin.
    @usableFromInline
    package let nanoseconds: UInt64

    @inlinable
    package init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    /// The clock's origin: no instant is earlier. A deadline that has always passed.
    @inlinable
    package static var distantPast: Instant { Instant(nanoseconds: 0) }

    /// No instant is later. A deadline that never passes; sums that overflow are this instant.
    @inlinable
    package static var distantFuture: Instant { Instant(nanoseconds: .max) }

    @inlinable
    package static func == (left: Instant, right: Instant) -> Bool { left.nanoseconds == right.nanoseconds }

    @inlinable
    package static func < (left: Instant, right: Instant) -> Bool { left.nanoseconds < right.nanoseconds }

    /// The instant `duration` later; this instant if the duration is negative.
    package func advanced(by duration: Duration) -> Instant {
        advanced(byNanoseconds: duration.wholeNanoseconds)
    }

    /// The instant some nanoseconds later.
    @inlinable
    @inline(__always)
    package func advanced(byNanoseconds nanoseconds: UInt64) -> Instant {
        let (sum, overflow) = self.nanoseconds.addingReportingOverflow(nanoseconds)
        return overflow ? .distantFuture : Instant(nanoseconds: sum)
    }

    /// The time from this instant until a later one; zero if `end` is earlier.
    package func duration(to end: Instant) -> Duration { .nanoseconds(nanoseconds(to: end)) }

    /// The nanoseconds from this instant until a later one; 0 if `end` is earlier.
    @inlinable
    @inline(__always)
    package func nanoseconds(to end: Instant) -> UInt64 {
        end.nanoseconds > nanoseconds ? end.nanoseconds - nanoseconds : 0
    }
}
