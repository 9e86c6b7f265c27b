import Eddy
import EddySimulation

/// What has happened on a connection of the loop, and when: seen by the network and by the connection's handler, never
/// by the loop.
final class ConnectionWatch {
    /// A task that waits to read.
    struct Read {
        /// When it began to.
        let start: UInt64
        /// The loop's time then, at the earliest: it stands still within an iteration.
        let earliestStart: UInt64
        /// When it must have ended, whatever comes; nil: no deadline.
        let deadline: UInt64?
    }

    /// Why the loop may end the connection before its close timeout.
    struct Ending {
        let time: UInt64
        /// Whether its handler has thrown: then it is reset once everything is delivered.
        let hasThrown: Bool
    }

    let socket: SimulatedSocket
    let timeouts: Connection.Timeouts
    /// Whether the server has accepted it.
    var isServed = false
    /// When it was accepted, or connected.
    let start: UInt64
    /// When its handler began; nil: not yet.
    var begin: UInt64?
    /// How its handler ended; nil: not yet.
    var ending: Ending?
    /// Bytes have moved.
    var moved: LatestMoment
    /// Bytes were received.
    var received: LatestMoment
    /// The peer's system has taken bytes, or a send has ended, or begun.
    var progress: LatestMoment
    /// The peer's system has taken bytes, whether a send waited or not.
    var acknowledged: LatestMoment
    /// Since when a send waits, if one does; and when one last began to.
    var isSending = false
    var lastSendStart: UInt64 = 0
    /// Since when a receive has found no buffer, and none has begun; and when the last one has.
    var starvedSince: UInt64?
    var starvedUntil: UInt64 = 0
    /// When the peer's end, or the failure after it, could be received.
    var peerEnd: UInt64?
    var read: Read?
    /// The read deadlines of its handler, the innermost last.
    var deadlines: [UInt64] = []
    var isClosed = false

    init(_ socket: SimulatedSocket, _ timeouts: Connection.Timeouts, at time: UInt64) {
        self.socket = socket
        self.timeouts = timeouts
        start = time
        moved = LatestMoment(time)
        received = LatestMoment(time)
        progress = LatestMoment(time)
        acknowledged = LatestMoment(time)
    }

    /// For a report.
    var words: String { "the connection of descriptor \(socket.descriptor), port \(socket.remoteAddress?.port ?? 0)," }

    var isStarved: Bool { starvedSince != nil }

    /// Whether its handler runs.
    var isRunning: Bool { begin != nil && ending == nil }

    /// Whether a handler has it, and it was not closed.
    var isOpen: Bool { isRunning && !isClosed }

    /// What its handler waits for is measured from here at the latest.
    var latestStart: UInt64 { max(begin ?? start, starvedUntil) }
}
