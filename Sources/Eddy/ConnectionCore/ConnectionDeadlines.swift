/// All that a connection has to do with time: its timeouts, and how long it has waited for what.
///
/// Only connections that have timeouts or a read deadline, are being closed, or are relayed from a side that has broken,
/// have one; for others the loop keeps no time.
/// Times are nanoseconds of CLOCK_MONOTONIC, taken from the loop's ``EventLoop/time``.
struct ConnectionDeadlines {
    /// The timeouts, in nanoseconds; `never` for none.
    var readTimeout = Self.never
    var writeTimeout = Self.never
    var idleTimeout = Self.never
    /// How long the peer may take nothing of what the other side of its relay has sent before that broke.
    var relayTimeout = Self.never
    /// When whoever waits to read has waited enough, whatever came in between.
    var readDeadline = Self.never

    /// Since when the reading task has waited, while it waits.
    var waitingSince: UInt64 = 0
    /// When bytes were last received, sent or acknowledged.
    var lastActivity: UInt64 = 0
    /// Since when the peer has taken nothing of what is queued for it, while something is.
    var stalledSince: UInt64 = 0
    /// How much it had taken when the loop looked last; see ``Socket/deliveryProgress(_:)``.
    var progress: UInt64 = 0

    /// The connection's timer and when it is due; `never` when it is not running.
    var timer: TimerID?
    var due = Self.never
    /// The timer that looks whether the peer has received everything, and how often it has looked.
    var deliveryTimer: TimerID?
    var deliveryAttempt: UInt64 = 0
    /// When the peer of a connection that a server drains was seen to have everything; `never`: not yet.
    var deliveredSince = Self.never

    /// How long the peer may take nothing of what is queued for it.
    var sendTimeout: UInt64 { min(writeTimeout, relayTimeout) }

    var nextVacant = VacantSlot.end

    static let never = UInt64.max
}

extension UInt64 {
    /// This moment and some nanoseconds later; the end of time when that overflows.
    @inline(__always)
    func advanced(byNanoseconds nanoseconds: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(nanoseconds)
        return overflow ? .max : sum
    }
}

typealias DeadlinesID = PlainID<ConnectionDeadlines>

extension ConnectionDeadlines: SlotElement {
    typealias ID = DeadlinesID

    var generation: UInt32 {
        get { 0 }
        set {}
    }
}
