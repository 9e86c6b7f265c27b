internal import EddySystem

// A connection with timeouts has one timer. Activity on the connection does not move the timer; it records a timestamp.
// When the timer fires, the loop reads the timestamps and sets the timer again if nothing has expired:
//
//     idle timeout of 5     stamps      ┊x ┊  ┊ x┊  ┊x ┊  ┊  ┊  ┊  ┊  ┊  ┊
//                           timer       ╰──────────────▲
//                                                 last stamp + 5 ▲────────── due: reset
//
// So a request costs one or two stores, which is negligible compared with setting a timer. A connection without
// timeouts pays for one comparison.
//
//     read     stamped when a task begins to wait for bytes
//     idle     stamped when bytes were received or sent
//     write    the peer may take bytes of a send for a long time before the send completes. While bytes are queued, the
//              timer therefore fires four times per timeout, and the loop asks the system what the peer has taken

/// The timeouts of a connection, and the times at which its waits began.
///
/// Only a connection that has timeouts or a read deadline, is closing, or is relayed from a failed side has deadlines.
/// The loop keeps no time for any other connection. Times are taken from ``ConnectionDriver/time``.
struct ConnectionDeadlines {
    /// The timeouts, in nanoseconds to take 8 bytes each; `never` for none.
    var readTimeout = Self.never
    var writeTimeout = Self.never
    var idleTimeout = Self.never
    /// How long the peer may make no progress on bytes that the other side of its relay sent before that side failed.
    var relayTimeout = Self.never
    /// The failure of that side, which is also this side's when it makes no progress.
    var relayFailure: Int32 = 0
    /// When the task that waits to read times out, even if bytes arrived in the meantime; `distantFuture`: never.
    var readDeadline = Instant.distantFuture

    /// When the reading task began to wait; valid while it waits.
    var waitingSince = Instant.distantPast
    /// When bytes were last received, sent or acknowledged.
    var lastActivity = Instant.distantPast
    /// When the peer last took any of the bytes queued for it; valid while bytes are queued.
    var stalledSince = Instant.distantPast
    /// How much the peer had taken at the loop's last check; see ``Socket/deliveryProgress(_:)``.
    var progress: UInt64 = 0

    /// The connection's timer and when it is due; `distantFuture` when it is not running.
    var timer: TimerID?
    var due = Instant.distantFuture
    /// The timer that checks whether the peer has received everything, and the number of checks made.
    var deliveryTimer: TimerID?
    var deliveryAttempt: UInt64 = 0
    /// When the loop found that the peer of a connection that a server drains had received everything; nil: not yet.
    var deliveredSince: Instant?

    var nextVacant = VacantSlot.end

    /// The length of a timeout that never expires.
    static let never = UInt64.max

    /// A timeout that has expired.
    enum Expiry: Equatable, CaseIterable {
        case none
        case write
        case relay
        case idle
        case read
    }

    /// How long the peer may take none of the bytes queued for it.
    var sendTimeout: UInt64 { min(writeTimeout, relayTimeout) }

    /// The loop checks the peer's progress at least every quarter of this time. Without the checks, an idle timeout
    /// would count bytes that the peer took long ago as current activity.
    private var patience: UInt64 { min(sendTimeout, idleTimeout) }

    // MARK: Stamps

    /// Restarts all waits now.
    mutating func restart(at now: Instant) {
        (waitingSince, lastActivity, stalledSince) = (now, now, now)
    }

    /// Records that a task waits for bytes.
    ///
    /// - Returns: the deadline to set the timer for if the timer would fire later; nil otherwise.
    mutating func startedReading(at now: Instant) -> Instant? {
        waitingSince = now
        return readLimit < due ? readLimit : nil
    }

    /// Whether reads have a time limit.
    @inline(__always)
    var limitsReads: Bool { readTimeout != Self.never || readDeadline != .distantFuture }

    /// Records that a send is in flight that waits for the peer to take enough.
    ///
    /// - Returns: the deadline to set the timer for if the timer would fire later; nil otherwise.
    mutating func startedSending(at now: Instant) -> Instant? {
        stalledSince = now
        let look = now.advanced(byNanoseconds: patience / 4)
        return look < due ? look : nil
    }

    /// Whether the loop checks the progress of sends.
    var watchesSends: Bool { patience != Self.never }

    /// Records that the connection cannot receive because the loop has no memory. The peer is not at fault.
    mutating func lackedMemory(at now: Instant) {
        (waitingSince, lastActivity) = (now, now)
    }

    /// Records that no bytes are queued for the peer.
    mutating func nothingQueued(at now: Instant) { stalledSince = now }

    /// Records how much the peer has taken of a send in flight.
    mutating func madeProgress(_ progress: UInt64, at now: Instant) {
        guard progress != self.progress else { return }
        self.progress = progress
        (stalledSince, lastActivity) = (now, now)
    }

    // MARK: Reading the stamps

    /// The timeout that has expired. If several have, the first in the order of the cases counts.
    ///
    /// - Parameter isReading: whether a task waits for bytes.
    func expiry(at now: Instant, isReading: Bool) -> Expiry {
        if stalledSince.advanced(byNanoseconds: writeTimeout) <= now { return .write }
        if stalledSince.advanced(byNanoseconds: relayTimeout) <= now { return .relay }
        if lastActivity.advanced(byNanoseconds: idleTimeout) <= now { return .idle }
        if isReading, readLimit <= now { return .read }
        return .none
    }

    /// The earliest time at which a timeout may expire if there is no further activity.
    ///
    /// - Parameters:
    ///   - isReading: whether a task waits for bytes.
    ///   - isSending: whether bytes are queued for the peer.
    func nextCheck(at now: Instant, isReading: Bool, isSending: Bool) -> Instant {
        var next = lastActivity.advanced(byNanoseconds: idleTimeout)
        if isReading { next = min(next, readLimit) }
        if isSending {
            let limit = stalledSince.advanced(byNanoseconds: sendTimeout)
            next = min(next, limit, watchesSends ? now.advanced(byNanoseconds: patience / 4) : .distantFuture)
        }
        return next
    }

    private var readLimit: Instant { min(waitingSince.advanced(byNanoseconds: readTimeout), readDeadline) }
}

typealias DeadlinesID = PlainID<ConnectionDeadlines>

extension ConnectionDeadlines: SlotElement {
    typealias ID = DeadlinesID
}
