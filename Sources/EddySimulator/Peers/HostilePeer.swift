import EddySimulation
import EddySystem

/// A client that holds resources that others need for a while, and then resets its connection.
final class HostilePeer: Peer {
    enum Malice: CaseIterable {
        /// Sends messages, and does not read the replies.
        case pushes
        /// Sends a long message, one byte at a time with pauses.
        case dribbles
        /// Sends most of a long message.
        case holds
        /// Sends a message and one byte of the next one.
        case leavesAByte
        /// Sends nothing.
        case isSilent
        /// Resets its connection at once, and reconnects.
        case comesAgain
    }

    private let malice: Malice
    private let outgoing: [UInt8]
    private let returns: Int
    private var sent = 0
    private var sendsAgainAt = Instant.distantPast
    private let end: Instant

    init(_ simulation: Simulation, _ malice: Malice, until end: Instant, returns: Int = 20) {
        (self.malice, self.end, self.returns) = (malice, end, returns)
        let random = BytePattern(key: simulation.network.random.next())
        let long = ExchangeWorkload.length(ExchangeWorkload.limit) + random.bytes(0..<ExchangeWorkload.limit)
        outgoing =
            switch malice {
            case .pushes: long
            case .dribbles, .holds: Array(long[..<(long.count - 1)])
            case .leavesAByte: [0, 0, 0, 1, 7, 0]
            case .isSilent, .comesAgain: []
            }
        super.init(simulation, simulation.network.dial(simulation.address))
        simulation.register(self)
        hasMisbehaved = true
        network.note("peer \(port) \(malice)")
        network.schedule(at: end) { [weak self] in self?.leave() }
    }

    override var words: String { "\(malice), sent \(sent)" }

    override func act() {
        guard socket.isConnected else {
            if socket.hasFailed { leave() }
            return
        }
        if malice == .comesAgain { return comeAgain() }
        while network.now >= sendsAgainAt, !outgoing.isEmpty, malice == .pushes || sent < outgoing.count {
            let place = sent % outgoing.count
            let last = malice == .dribbles ? place + 1 : outgoing.count
            let result = unsafe outgoing[place..<last].withUnsafeBytes { unsafe socket.send($0) }
            if result == SocketResult.again { return }
            if result < 0 { return leave() }
            sent += Int(result)
            guard malice == .dribbles else { continue }
            let pause = 1_000_000 + simulation.pause(upTo: 1_000_000_000)
            sendsAgainAt = network.now.advanced(byNanoseconds: pause)
            sleep(pause)
        }
        // A peer that reads nothing still notices the end.
        if socket.isBroken { leave() }
    }

    private func comeAgain() {
        if returns > 0, network.now < end, !simulation.isShuttingDown {
            _ = HostilePeer(simulation, .comesAgain, until: end, returns: returns - 1)
        }
        leave()
    }

    private func leave() {
        guard !isFinished else { return }
        network.note("peer \(port) leaves")
        socket.reset()
        finish()
    }
}
