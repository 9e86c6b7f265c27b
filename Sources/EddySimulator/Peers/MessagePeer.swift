import EddySimulation

/// A client that sends length-prefixed messages, reads their echoes, and dies in the middle of one.
final class MessagePeer: Peer {
    /// How it dies.
    enum Death: CaseIterable {
        case ends
        case resets
        case isUnplugged
    }

    /// Whole messages, and the beginning of one.
    private let outgoing: [UInt8]
    /// The length of the whole messages, which are echoed.
    private let whole: Int
    private let death: Death
    private var sent = 0
    private var hasEnded = false

    init(_ simulation: Simulation, _ random: inout SeededGenerator) {
        let pattern = BytePattern(key: random.next())
        var messages: [UInt8] = []
        for _ in 0..<random.next() % 5 { messages += Self.message(&random, pattern, at: messages.count) }
        whole = messages.count
        let last = Self.message(&random, pattern, at: whole)
        outgoing = messages + last[..<random.magnitude(1...last.count - 1)]
        death = Death.allCases[Int(random.next() % UInt64(Death.allCases.count))]
        super.init(simulation, simulation.network.dial(simulation.address))
        simulation.register(self)
        network.note("peer \(port) sends \(outgoing.count), \(whole) of them in whole messages, and \(death)")
    }

    private static func message(_ random: inout SeededGenerator, _ pattern: BytePattern, at place: Int) -> [UInt8] {
        let count = random.magnitude(0...ExchangeWorkload.limit)
        return ExchangeWorkload.length(count) + pattern.bytes(place..<place + count)
    }

    override var words: String { "sent \(sent) of \(outgoing.count), received \(received) of \(whole)" }

    override func act() {
        receive()
        if !isFinished { send() }
    }

    private func receive() {
        while !isFinished {
            var bytes = [UInt8](repeating: 0, count: 4096)
            let result = unsafe bytes.withUnsafeMutableBytes { unsafe socket.receive(into: $0) }
            switch result {
            case SocketResult.again, SocketResult.notConnected: return
            case ...0: return close()
            default: take(bytes[..<Int(result)])
            }
        }
    }

    private func take(_ bytes: ArraySlice<UInt8>) {
        guard received + bytes.count <= whole, outgoing[received..<received + bytes.count] == bytes else {
            fail("the bytes after the first \(received) differ from what was sent")
        }
        received += bytes.count
    }

    private func send() {
        guard socket.isConnected, !hasEnded else { return }
        while sent < outgoing.count {
            let result = unsafe outgoing[sent...].withUnsafeBytes { unsafe socket.send($0) }
            if result == SocketResult.again { return }
            if result < 0 { return close() }
            sent += Int(result)
        }
        die()
    }

    private func die() {
        network.note("peer \(port) dies in the middle of a message")
        network.counters[.peerDiedInMessage] += 1
        hasMisbehaved = true
        hasEnded = true
        switch death {
        // The replies are still read.
        case .ends: socket.shutdownWrite()
        case .resets:
            socket.reset()
            finish()
        case .isUnplugged:
            socket.unplug()
            finish()
        }
    }

    private func close() {
        socket.close()
        finish()
    }
}

extension Simulation {
    /// Starts clients that die in the middle of a message, if connections are unplugged.
    func startDyingInMessages() {
        guard patience != nil else { return }
        for _ in 0...unplugging.next() % 3 { _ = MessagePeer(self, &unplugging) }
    }
}
