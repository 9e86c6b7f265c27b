import Eddy
import EddySimulation

/// The events of a connection of the loop and their times, as observed by the network and by the connection's handler,
/// never by the loop.
final class ConnectionWatch {
    /// A task that waits to read.
    struct Read {
        /// When the wait began.
        let start: Instant
        /// The earliest loop time at that moment: the loop's clock does not advance within an iteration.
        let earliestStart: Instant
        /// When it must have ended in any case; nil: no deadline.
        let deadline: Instant?
    }

    /// Why the loop may end the connection before its close timeout.
    struct Ending {
        let time: Instant
        /// Whether its handler has thrown: the connection is then reset once everything is delivered.
        let hasThrown: Bool
    }

    let socket: SimulatedSocket
    let timeouts: Connection.Timeouts
    /// Whether the server has accepted it.
    var isServed = false
    /// When it was accepted, or connected.
    let start: Instant
    /// When its handler began; nil before that.
    var begin: Instant?
    /// How its handler ended; nil before that.
    var ending: Ending?
    /// When bytes moved.
    var moved: LatestMoment
    /// When bytes were received.
    var received: LatestMoment
    /// When the peer's system accepted bytes, or a send began or ended.
    var progress: LatestMoment
    /// When the peer's system accepted bytes, with or without a pending send.
    var acknowledged: LatestMoment
    /// Whether a send is pending, and when the last one began.
    var isSending = false
    var lastSendStart = Instant.distantPast
    /// Since when receives have found no buffer, and when that last ended.
    var starvedSince: Instant?
    var starvedUntil = Instant.distantPast
    /// When the peer's end, or the failure after it, became receivable.
    var peerEnd: Instant?
    var read: Read?
    /// The read deadlines of its handler, the innermost last.
    var deadlines: [Instant] = []
    var isClosed = false

    init(_ socket: SimulatedSocket, _ timeouts: Connection.Timeouts, at time: Instant) {
        self.socket = socket
        self.timeouts = timeouts
        start = time
        moved = LatestMoment(time)
        received = LatestMoment(time)
        progress = LatestMoment(time)
        acknowledged = LatestMoment(time)
    }

    /// The description for reports.
    var words: String { "the connection of descriptor \(socket.descriptor), port \(socket.remoteAddress?.port ?? 0)," }

    var isStarved: Bool { starvedSince != nil }

    /// Whether its handler runs.
    var isRunning: Bool { begin != nil && ending == nil }

    /// Whether a handler has it, and it was not closed.
    var isOpen: Bool { isRunning && !isClosed }

    /// The latest start of any wait of its handler.
    var latestStart: Instant { max(begin ?? start, starvedUntil) }
}
