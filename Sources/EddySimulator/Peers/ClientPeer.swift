import EddySimulation
import EddySystem

/// A well-behaved client: it sends length-prefixed messages one after the other, and reads each reply as it arrives. It
/// must get every reply in time, regardless of its neighbours.
final class ClientPeer: Peer {
    private var messagesLeft: Int
    /// Whether it connects after all others have left, so that there is room for it.
    private let isLate: Bool
    private let attempts: Int
    private var pattern: BytePattern
    private var message: [UInt8] = []
    private var sent = 0
    private var answered = 0
    /// When it began to send the current message; nil between messages.
    private var start: Instant?
    private var asksAgainAt = Instant.distantPast
    private var hasEnded = false
    private var isComingAgain = false

    /// - Parameters:
    ///   - isLate: whether there is room for it because no other peer is connected.
    ///   - attempts: the number of earlier attempts.
    init(_ simulation: Simulation, messages: Int, isLate: Bool = false, attempts: Int = 0) {
        (messagesLeft, self.isLate, self.attempts) = (messages, isLate, attempts)
        pattern = BytePattern(key: simulation.network.random.next())
        super.init(simulation, simulation.network.dial(simulation.address))
        simulation.register(self)
        network.note("peer \(port) sends \(messages) requests")
    }

    override var words: String { "\(messagesLeft) messages left, \(answered) of \(message.count) bytes received" }

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
            fail("the bytes after the first \(answered) are not the reply")
        }
        received += bytes.count
        answered += bytes.count
        guard answered == message.count else { return }
        checkAnswer(in: bound)
        (message, start) = ([], nil)
        if network.random.once(in: 2) {
            asksAgainAt = network.now.advanced(byNanoseconds: simulation.pause(upTo: 500_000_000))
        }
        sleep(network.now.nanoseconds(to: asksAgainAt))
    }

    // MARK: The bound

    /// The time limit of a message and its reply in nanoseconds, excluding time in which the loop is busy or the
    /// network late. A full buffer is emptied once per latency.
    private var bound: UInt64 {
        let line = simulation.scenario.line
        let piece = min(line.sendBuffer, line.receiveBuffer, message.count)
        let pieces = UInt64(message.count / max(1, piece) + 2)
        let way = pieces * line.latency + UInt64(message.count) * line.nanosecondsPerByte
        return 4 * way + 200_000_000
    }

    /// Checks again when the reply is due.
    private func expectAnswer(in bound: UInt64, asked: Instant) {
        guard simulation.answersAreBounded else { return }
        network.schedule(in: bound) { [weak self] in
            guard let self, !self.isFinished, !self.isComingAgain, self.start == asked else { return }
            // A connection that has not been accepted gets no reply.
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
        let allowance = network.busy.sum(after: start) + network.lateness.sum(after: start)
        guard network.now > start.advanced(byNanoseconds: bound + allowance) else { return }
        let milliseconds = start.nanoseconds(to: network.now) / 1_000_000
        fail("only \(answered) of \(message.count) bytes of a reply arrived within \(milliseconds) ms")
    }

    // MARK: The end

    private func ended() {
        guard hasEnded else {
            guard isRefused || simulation.isShuttingDown else {
                fail("the stream ended after \(answered) of \(message.count) bytes of a reply")
            }
            return comeAgain()
        }
        network.note("peer \(port) has received all replies")
        socket.close()
        finish()
    }

    private func broken() {
        if isRefused { return comeAgain() }
        if !simulation.mayBreakClient(self) { fail("its connection was reset, although it reads its replies") }
        leave("lost its connection")
    }

    private var isRefused: Bool { simulation.mayBeRefused(self) && !isLate }

    private func leave(_ words: String) {
        network.note("peer \(port) \(words)")
        socket.close()
        finish()
    }

    /// Reconnects after a while: it was refused.
    private func comeAgain() {
        network.note("peer \(port) was refused")
        isComingAgain = true
        socket.close()
        socket.onChange = nil
        // With timeouts that are shorter than the latency, it may never get a reply.
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
