// A connection with timeouts has one timer. Nothing that happens on the connection moves it; it leaves a stamp instead.
// When the timer is due, the stamps are read, and it is set again if nothing is due yet:
//
//     idle timeout of 5     stamps      ┊x ┊  ┊ x┊  ┊x ┊  ┊  ┊  ┊  ┊  ┊  ┊
//                           timer       ╰──────────────▲
//                                                 last stamp + 5 ▲────────── due: reset
//
// So a request costs a store or two, which is next to nothing beside setting a timer, and a connection without timeouts
// costs a comparison.
//
//     read     stamped when a task begins to wait for bytes
//     idle     stamped when bytes were received or sent
//     write    the peer may take bytes of a send for a long time before the send completes, so while something is
//              queued, the timer is due four times in the timeout, and the system is asked what the peer has taken

/// The timeouts of a connection, and since when it has waited for what.
///
/// Only connections that have timeouts or a read deadline, are being closed, or are relayed from a side that has broken,
/// have one; for others the loop keeps no time.
/// Times are nanoseconds of CLOCK_MONOTONIC, taken from ``ConnectionDriver/time``.
struct ConnectionDeadlines {
    /// The timeouts, in nanoseconds; `never` for none.
    var readTimeout = Self.never
    var writeTimeout = Self.never
    var idleTimeout = Self.never
    /// How long the peer may take nothing of what the other side of its relay has sent before that broke.
    var relayTimeout = Self.never
    /// When the task that waits to read has waited enough, whatever came in between.
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
    /// The timer that asks whether the peer has received everything, and how often it has asked.
    var deliveryTimer: TimerID?
    var deliveryAttempt: UInt64 = 0
    /// When the peer of a connection that a server drains was seen to have everything; `never`: not yet.
    var deliveredSince = Self.never

    var nextVacant = VacantSlot.end

    static let never = UInt64.max

    /// What is due.
    enum Expiry: Equatable, CaseIterable {
        case none
        case write
        case relay
        case idle
        case read
    }

    /// How long the peer may take nothing of what is queued for it.
    var sendTimeout: UInt64 { min(writeTimeout, relayTimeout) }

    /// What a look at the peer's progress must not be later than a quarter of. Without looks an idle timeout would take
    /// what the peer has taken long ago for activity of now.
    private var patience: UInt64 { min(sendTimeout, idleTimeout) }

    // MARK: Stamps

    /// All waits begin now.
    mutating func restart(at now: UInt64) {
        (waitingSince, lastActivity, stalledSince) = (now, now, now)
    }

    /// A task waits for bytes.
    ///
    /// - Returns: when the timer must be due, if it would be due later; nil otherwise.
    mutating func startedReading(at now: UInt64) -> UInt64? {
        waitingSince = now
        return readLimit < due ? readLimit : nil
    }

    /// Whether waits to read are limited.
    @inline(__always)
    var limitsReads: Bool { readTimeout & readDeadline != Self.never }

    /// A send is under way that waits until the peer has taken enough.
    ///
    /// - Returns: when the timer must be due, if it would be due later; nil otherwise.
    mutating func startedSending(at now: UInt64) -> UInt64? {
        stalledSince = now
        let look = now.advanced(byNanoseconds: patience / 4)
        return look < due ? look : nil
    }

    /// Whether sends are looked at.
    var watchesSends: Bool { patience != Self.never }

    /// Nothing can be received because the loop has no memory, which is not the peer's fault.
    mutating func lackedMemory(at now: UInt64) {
        (waitingSince, lastActivity) = (now, now)
    }

    /// Nothing is queued for the peer.
    mutating func nothingQueued(at now: UInt64) { stalledSince = now }

    /// What the peer has taken of a send that is under way.
    mutating func madeProgress(_ progress: UInt64, at now: UInt64) {
        guard progress != self.progress else { return }
        self.progress = progress
        (stalledSince, lastActivity) = (now, now)
    }

    // MARK: Reading the stamps

    /// What is due now. The first in the order of the cases counts.
    ///
    /// - Parameters:
    ///   - isReading: whether a task waits for bytes.
    ///   - isRelaying: whether the connection is relayed.
    func expiry(at now: UInt64, isReading: Bool, isRelaying: Bool) -> Expiry {
        if stalledSince.advanced(byNanoseconds: writeTimeout) <= now { return .write }
        if isRelaying, stalledSince.advanced(byNanoseconds: relayTimeout) <= now { return .relay }
        if lastActivity.advanced(byNanoseconds: idleTimeout) <= now { return .idle }
        if isReading, readLimit <= now { return .read }
        return .none
    }

    /// When something may be due, if nothing more happens.
    ///
    /// - Parameters:
    ///   - isReading: whether a task waits for bytes.
    ///   - isSending: whether something is queued for the peer.
    func nextLook(at now: UInt64, isReading: Bool, isSending: Bool) -> UInt64 {
        var next = lastActivity.advanced(byNanoseconds: idleTimeout)
        if isReading { next = min(next, readLimit) }
        if isSending {
            let limit = stalledSince.advanced(byNanoseconds: sendTimeout)
            next = min(next, limit, watchesSends ? now.advanced(byNanoseconds: patience / 4) : Self.never)
        }
        return next
    }

    private var readLimit: UInt64 { min(waitingSince.advanced(byNanoseconds: readTimeout), readDeadline) }
}

typealias DeadlinesID = PlainID<ConnectionDeadlines>

extension ConnectionDeadlines: SlotElement {
    typealias ID = DeadlinesID

    var generation: UInt32 {
        get { 0 }
        set {}
    }
}

extension UInt64 {
    /// This moment and some nanoseconds later; the end of time when that overflows.
    @inline(__always)
    func advanced(byNanoseconds nanoseconds: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(nanoseconds)
        return overflow ? .max : sum
    }
}
