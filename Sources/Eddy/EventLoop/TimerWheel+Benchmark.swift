/// A loop's timers without the loop, for the benchmark that compares them with others.
@_spi(Benchmarks)
public struct BenchmarkedTimers: ~Copyable {
    private let wheel = TimerWheel()

    /// What cancels a timer.
    public struct Handle {
        fileprivate let handle: TimerID
    }

    /// Without a timer.
    public init() {}

    /// Timers that are running.
    public var count: Int { wheel.count }

    /// Sets a timer for `deadline`, in nanoseconds.
    public func schedule(at deadline: UInt64) -> Handle {
        Handle(handle: wheel.schedule(.connection(ConnectionID(index: 0, generation: 0)), at: deadline))
    }

    /// Stops a timer; does nothing when it has fired or was cancelled before.
    public func cancel(_ handle: Handle) {
        wheel.cancel(handle.handle)
    }

    /// Fires what is due at `now`; returns how many timers that were.
    public func fire(at now: UInt64) -> Int {
        var count = 0
        while wheel.popDue(at: now) != nil { count += 1 }
        return count
    }
}
