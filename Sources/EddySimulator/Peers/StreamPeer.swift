import EddySimulation
import EddySystem

/// A client that sends a stream of bytes, and expects another one.
final class StreamPeer: Peer {
    /// How it ends.
    enum Behaviour {
        /// Ends its direction when everything is sent, and waits for the other end of stream.
        case ends
        /// Waits for all bytes first.
        case waitsThenEnds
        /// Waits for all bytes, and keeps its direction open until the other has ended, and possibly longer.
        case keeps
        /// Resets, closes, or vanishes for minutes, after a number of bytes in both directions.
        case resets(after: Int)
        case closes(after: Int)
        case vanishes(after: Int)
    }

    private let outgoing: BytePattern
    private let incoming: BytePattern
    /// Bytes before the pattern.
    private let head: [UInt8]
    private let toSend: Int
    private let toReceive: Int
    private let behaviour: Behaviour
    private let haste: Int
    /// Whether each byte that it sends must be echoed.
    private var isEcho: Bool { simulation.scenario.workload == .echo }
    private var sent = 0
    private var hasEnded = false
    private var hasSeenEnd = false
    private var readsAgainAt = Instant.distantPast
    private var sendsAgainAt = Instant.distantPast

    /// Creates a client that expects an echo.
    convenience init(echoing simulation: Simulation, upTo byteCount: Int) {
        let pattern = BytePattern(key: simulation.network.random.next())
        let total = simulation.network.random.magnitude(0...byteCount)
        self.init(simulation, sending: total, of: pattern, receiving: total, of: pattern, mayKeep: true)
    }

    init(
        _ simulation: Simulation,
        head: [UInt8] = [],
        sending toSend: Int,
        of outgoing: BytePattern,
        receiving toReceive: Int,
        of incoming: BytePattern,
        mayKeep: Bool = false
    ) {
        (self.outgoing, self.incoming, self.head) = (outgoing, incoming, head)
        (self.toSend, self.toReceive) = (head.count + toSend, toReceive)
        let behaviour = Self.behaviour(head.count + toSend + toReceive, &simulation.network.random)
        if mayKeep, case .waitsThenEnds = behaviour, simulation.peerKeeps() {
            self.behaviour = .keeps
        } else {
            self.behaviour = behaviour
        }
        haste = 1 + Int(simulation.network.random.next() % 30)
        super.init(simulation, simulation.network.dial(simulation.address))
        simulation.register(self)
        network.note("peer \(port) sends \(self.toSend), expects \(toReceive), \(behaviour)")
    }

    private static func behaviour(_ byteCount: Int, _ random: inout SeededGenerator) -> Behaviour {
        let place = random.magnitude(0...max(1, byteCount))
        switch random.next() % 16 {
        case 0: return .resets(after: place)
        case 1: return .closes(after: place)
        case 2: return .vanishes(after: place)
        case 3...8: return .waitsThenEnds
        default: return .ends
        }
    }

    override var words: String { "sent \(sent) of \(toSend), received \(received) of \(toReceive)" }

    override func act() {
        if socket.isConnected, misbehave() { return }
        receive()
        if !isFinished { send() }
        if !isFinished { endIfDone() }
    }

    // MARK: Receiving

    private func receive() {
        guard !hasSeenEnd, network.now >= readsAgainAt else { return }
        while !isFinished {
            var bytes = [UInt8](repeating: 0, count: min(network.random.magnitude(1...16_384), bytesLeft))
            let result = unsafe bytes.withUnsafeMutableBytes { unsafe socket.receive(into: $0) }
            switch result {
            case SocketResult.again, SocketResult.notConnected: return
            case ..<0: return broken()
            case 0: return ended()
            default: take(bytes[..<Int(result)])
            }
            if isFinished || misbehave() { return }
            if network.random.once(in: haste) {
                let pause = simulation.pause(upTo: 200_000_000)
                readsAgainAt = network.now.advanced(byNanoseconds: pause)
                return sleep(pause)
            }
        }
    }

    private func take(_ bytes: ArraySlice<UInt8>) {
        if let place = incoming.firstDifference(in: bytes, at: received) {
            fail(
                "byte \(place) of \(toReceive) is \(bytes[bytes.startIndex + place - received]), not \(incoming[place])"
            )
        }
        received += bytes.count
        if received > toReceive { fail("\(received) bytes arrived, but only \(toReceive) were sent") }
    }

    private func ended() {
        // An end of stream means that the stream is complete; failed streams are reset. A server that shuts down ends
        // idle connections.
        if received < toReceive, !simulation.mayBeRefused(self), !simulation.isShuttingDown {
            fail("the stream ended after \(received) of \(toReceive) bytes")
        }
        if isEcho, !simulation.mayBeRefused(self), received < acknowledgedAtShutdown {
            fail(
                "the stream ended after \(received) bytes, but \(acknowledgedAtShutdown) had arrived before the shutdown"
            )
        }
        network.note("peer \(port) has received everything: \(received) bytes")
        hasSeenEnd = true
    }

    private func broken() {
        if socket.isConnected, !simulation.mayBreak(self) {
            fail("the connection was reset after \(received) of \(toReceive) bytes, for no reason")
        }
        if let keptSince, !hasSeenEnd, !simulation.mayBreak(self, keptSince: keptSince) {
            fail("the server reset an idle connection when it shut down")
        }
        network.note("peer \(port) lost its connection")
        socket.close()
        finish()
    }

    // MARK: Sending

    private func send() {
        guard socket.isConnected, network.now >= sendsAgainAt else { return }
        if misbehave() { return }
        while sent < toSend {
            let end = min(toSend, sent + min(network.random.magnitude(1...16_384), bytesLeft))
            let result = unsafe bytes(sent..<end).withUnsafeBytes { unsafe socket.send($0) }
            if result == SocketResult.again { return }
            if result < 0 { return broken() }
            sent += Int(result)
            if misbehave() { return }
            if network.random.once(in: haste) {
                let pause = simulation.pause(upTo: 200_000_000)
                sendsAgainAt = network.now.advanced(byNanoseconds: pause)
                return sleep(pause)
            }
        }
    }

    private func bytes(_ range: Range<Int>) -> [UInt8] {
        let front = head[range.clamped(to: 0..<head.count)]
        let rest = max(0, range.lowerBound - head.count)..<max(0, range.upperBound - head.count)
        return front + outgoing.bytes(rest)
    }

    /// The number of bytes in both directions until it misbehaves.
    private var bytesLeft: Int {
        switch behaviour {
        case .ends, .waitsThenEnds, .keeps: .max
        case .resets(let place), .closes(let place), .vanishes(let place): max(1, place - sent - received)
        }
    }

    /// Misbehaves when its time has come.
    private func misbehave() -> Bool {
        switch behaviour {
        case .resets(let place) where sent + received >= place:
            network.note("peer \(port) resets")
            socket.reset()
        case .closes(let place) where sent + received >= place:
            network.note("peer \(port) closes")
            socket.close()
        case .vanishes(let place) where sent + received >= place:
            network.note("peer \(port) is gone")
            // Until its side notices, the connection may hold resources that others wait for.
            network.schedule(in: 1_000_000_000 + simulation.pause(upTo: 200_000_000_000)) { [socket] in socket.reset() }
        default: return false
        }
        hasMisbehaved = true
        finish()
        return true
    }

    private func endIfDone() {
        guard sent == toSend, socket.isConnected else { return }
        if case .keeps = behaviour, received == toReceive { return keepUntilEnd() }
        if !hasEnded, hasSeenEnd || received == toReceive || behaviourEndsFirst {
            hasEnded = true
            socket.shutdownWrite()
        }
        guard hasEnded, hasSeenEnd else { return }
        network.note("peer \(port) is done")
        socket.close()
        finish()
    }

    private func keepUntilEnd() {
        keep()
        guard hasSeenEnd else { return }
        network.note("peer \(port) has been told to end")
        finish()
        network.schedule(in: simulation.keptTime()) { [socket] in socket.close() }
    }

    private var behaviourEndsFirst: Bool {
        switch behaviour {
        case .waitsThenEnds, .keeps: false
        default: true
        }
    }
}
