internal import EddySystem

/// A loop's timers without the loop, for the benchmark that compares timer implementations.
@_spi(Benchmarks)
public struct BenchmarkedTimers: ~Copyable {
    private let wheel = TimerWheel()

    /// Identifies a timer to cancel.
    public struct Handle {
        fileprivate let handle: TimerID
    }

    /// Creates a wheel without timers.
    public init() {}

    /// The number of running timers.
    public var count: Int { wheel.count }

    /// Sets a timer for `deadline`, in nanoseconds of any clock.
    public func schedule(at deadline: UInt64) -> Handle {
        Handle(
            handle: wheel.schedule(
                .connection(ConnectionID(index: 0, generation: 0)),
                at: Instant(nanoseconds: deadline)
            )
        )
    }

    /// Cancels a timer; does nothing when it has fired or was cancelled before.
    public func cancel(_ handle: Handle) {
        wheel.cancel(handle.handle)
    }

    /// Fires the timers that are due at `now`; returns their number.
    public func fire(at now: UInt64) -> Int {
        var count = 0
        while wheel.popDue(at: Instant(nanoseconds: now)) != nil { count += 1 }
        return count
    }
}
