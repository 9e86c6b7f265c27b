import EddySimulation

/// A client that behaves well: it sends messages with a length before them, one after the other, and takes each answer
/// as it comes. It must get every answer in time, whatever its neighbours do.
final class ClientPeer: Peer {
    private var messagesLeft: Int
    /// Whether it comes when all others have left: then there is room for it.
    private let isLate: Bool
    private let attempts: Int
    private var pattern: BytePattern
    private var message: [UInt8] = []
    private var sent = 0
    private var answered = 0
    /// When it began to send the message that is being answered; nil between messages.
    private var start: UInt64?
    private var asksAgainAt: UInt64 = 0
    private var hasEnded = false
    private var isComingAgain = false

    /// - Parameters:
    ///   - isLate: whether there is room for it, since no other peer is there.
    ///   - attempts: how often it has come before.
    init(_ simulation: Simulation, messages: Int, isLate: Bool = false, attempts: Int = 0) {
        (messagesLeft, self.isLate, self.attempts) = (messages, isLate, attempts)
        pattern = BytePattern(key: simulation.network.random.next())
        super.init(simulation, simulation.network.dial(simulation.address))
        simulation.register(self)
        network.note("peer \(port) asks \(messages) times")
    }

    override var words: String { "\(messagesLeft) messages left, \(answered) of \(message.count) bytes came" }

    override func act() {
        guard !isComingAgain else { return }
        guard socket.isConnected else {
            if socket.hasFailed { leave("was not connected") }
            return
        }
        if start == nil, !hasEnded, network.now >= asksAgainAt { ask() }
        send()
        receive()
    }

    // MARK: Asking

    private func ask() {
        guard messagesLeft > 0 else {
            hasEnded = true
            return socket.shutdownWrite()
        }
        messagesLeft -= 1
        let count = network.random.magnitude(0...NeighbourWorkload.longestRequest)
        message = ExchangeWorkload.length(count) + pattern.bytes(0..<count)
        (sent, answered, start) = (0, 0, network.now)
        expectAnswer(in: bound, asked: network.now)
    }

    private func send() {
        while sent < message.count {
            let result = unsafe message[sent...].withUnsafeBytes { unsafe socket.send($0) }
            if result == SocketResult.again { return }
            if result < 0 { return broken() }
            sent += Int(result)
        }
    }

    // MARK: Answers

    private func receive() {
        while !isFinished, !isComingAgain {
            var bytes = [UInt8](repeating: 0, count: 4096)
            let result = unsafe bytes.withUnsafeMutableBytes { unsafe socket.receive(into: $0) }
            switch result {
            case SocketResult.again, SocketResult.notConnected: return
            case ..<0: return broken()
            case 0: return ended()
            default: take(bytes[..<Int(result)])
            }
        }
    }

    private func take(_ bytes: ArraySlice<UInt8>) {
        guard answered + bytes.count <= message.count, message[answered..<answered + bytes.count] == bytes else {
            fail("what came after \(answered) bytes is not the answer")
        }
        received += bytes.count
        answered += bytes.count
        guard answered == message.count else { return }
        checkAnswer(in: bound)
        (message, start) = ([], nil)
        if network.random.once(in: 2) { asksAgainAt = network.now + simulation.pause(upTo: 500_000_000) }
        sleep(asksAgainAt > network.now ? asksAgainAt - network.now : 0)
    }

    // MARK: The bound

    /// Nanoseconds that the message and its answer are under way at most, beside those in which the loop is busy and
    /// the network late. A buffer that is full is emptied once in a latency.
    private var bound: UInt64 {
        let line = simulation.scenario.line
        let piece = min(line.sendBuffer, line.receiveBuffer, message.count)
        let pieces = UInt64(message.count / max(1, piece) + 2)
        let way = pieces * line.latency + UInt64(message.count) * line.nanosecondsPerByte
        return 4 * way + 200_000_000
    }

    /// Looks again when the answer is due.
    private func expectAnswer(in bound: UInt64, asked: UInt64) {
        guard simulation.answersAreBounded else { return }
        network.schedule(in: bound) { [weak self] in
            guard let self, !self.isFinished, !self.isComingAgain, self.start == asked else { return }
            // A connection that was not accepted yet is not answered.
            let isServed = self.simulation.timing.acceptedConnection(self.port)?.begin != nil
            if isServed { self.checkAnswer(in: bound) }
            self.expectAnswer(in: max(bound, 1_000_000_000), asked: asked)
        }
    }

    private func checkAnswer(in bound: UInt64) {
        guard simulation.answersAreBounded, let asked = start, !socket.wasStruck,
            let begin = simulation.timing.acceptedConnection(port)?.begin
        else { return }
        let start = max(asked, begin)
        let due = start + bound + network.busy.sum(after: start) + network.lateness.sum(after: start)
        guard network.now > due else { return }
        fail(
            "\(answered) of \(message.count) bytes of an answer have come \((network.now - start) / 1_000_000) ms later"
        )
    }

    // MARK: The end

    private func ended() {
        guard hasEnded else {
            guard isRefused || simulation.isShuttingDown else {
                fail("the stream ended, and \(answered) of \(message.count) bytes were answered")
            }
            return comeAgain()
        }
        network.note("peer \(port) has all its answers")
        socket.close()
        finish()
    }

    private func broken() {
        if isRefused { return comeAgain() }
        if !simulation.mayBreakClient(self) { fail("its connection was reset, and it takes what it is sent") }
        leave("was broken off")
    }

    private var isRefused: Bool { simulation.mayBeRefused(self) && !isLate }

    private func leave(_ words: String) {
        network.note("peer \(port) \(words)")
        socket.close()
        finish()
    }

    /// It was refused, and tries again a while later.
    private func comeAgain() {
        network.note("peer \(port) was refused")
        isComingAgain = true
        socket.close()
        socket.onChange = nil
        // With timeouts that are shorter than the way it may never be answered.
        let mayGiveUp = simulation.scenario.hasTimeouts || simulation.scenario.messageDeadline != nil
        guard !simulation.isShuttingDown, attempts < 20 || !mayGiveUp else { return finish() }
        network.schedule(in: 1_000_000 + simulation.pause(upTo: 1_000_000_000)) { [self] in
            if !simulation.isShuttingDown {
                _ = ClientPeer(simulation, messages: messagesLeft + 1, attempts: attempts + 1)
            }
            finish()
        }
    }
}
