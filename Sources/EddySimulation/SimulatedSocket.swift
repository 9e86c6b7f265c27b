package import EddySystem
internal import Glibc

/// One end of a simulated connection, or a listener. Its calls do not wait, and return the result of the equivalent
/// system call or a negated error number.
package final class SimulatedSocket {
    private unowned let network: SimulatedNetwork
    /// The descriptor of a socket of the loop; negative for a socket of a peer.
    package internal(set) var descriptor: Int32
    package internal(set) var localAddress: SocketAddress?
    package internal(set) var remoteAddress: SocketAddress?
    /// Called soon after a change: the socket may be ready to receive or send, or has connected or broken.
    package var onChange: (() -> Void)?

    package private(set) var isClosed = false
    /// Whether the socket is or was connected.
    package internal(set) var isConnected = false
    /// Whether the connection has broken.
    package private(set) var isBroken = false
    /// The error that the next call reports, like SO_ERROR.
    private var pendingError: Int32 = 0
    /// Whether `close` resets the connection (SO_LINGER with a timeout of 0).
    var resetsOnClose = false
    /// Whether the network has broken the connection at random.
    package private(set) var wasStruck = false
    /// Whether the connection no longer carries data.
    package private(set) var isUnplugged = false
    private var changeIsScheduled = false
    private(set) var incoming: SimulatedPipe?
    private(set) var outgoing: SimulatedPipe?
    private weak var peer: SimulatedSocket?
    /// Connections that wait to be accepted; nil unless the socket listens.
    var backlog: [SimulatedSocket]?
    var backlogCapacity = 0
    /// The loop's operations on this socket, in order.
    var reading: [SimulatedOperation] = []
    var writing: [SimulatedOperation] = []

    init(network: SimulatedNetwork, descriptor: Int32) {
        self.network = network
        self.descriptor = descriptor
    }

    /// Connects two sockets.
    func join(_ other: SimulatedSocket, _ there: SimulatedLine, _ back: SimulatedLine) {
        let (outgoing, incoming) = (SimulatedPipe(there, network: network), SimulatedPipe(back, network: network))
        (self.outgoing, self.incoming, peer, isConnected) = (outgoing, incoming, other, true)
        (other.incoming, other.outgoing, other.peer, other.isConnected) = (outgoing, incoming, self, true)
        (outgoing.sender, outgoing.receiver) = (self, other)
        (incoming.sender, incoming.receiver) = (other, self)
    }

    // MARK: Calls

    /// The number of bytes that a receive would find.
    package var available: Int { incoming?.available ?? 0 }

    /// The number of bytes that a send would accept.
    package var room: Int { isBroken ? 0 : outgoing?.room ?? 0 }

    /// Receives; 0 at the end of the stream, -EAGAIN without data.
    package func receive(into memory: UnsafeMutableRawBufferPointer) -> Int32 {
        guard let incoming else { return takeError() ?? -ENOTCONN }
        if incoming.available > 0 { return unsafe Int32(incoming.read(into: memory)) }
        if let error = takeError() { return error }
        return isBroken || incoming.isAtEnd ? 0 : -EAGAIN
    }

    /// Whether a receive would complete without waiting.
    package var isReadable: Bool {
        guard let incoming else { return pendingError != 0 }
        return incoming.available > 0 || pendingError != 0 || isBroken || incoming.isAtEnd
    }

    /// Whether all bytes of the peer and its end of the stream were received.
    package var isAtEnd: Bool { incoming?.isAtEnd ?? false }

    /// The number of connections that wait to be accepted.
    package var waitingConnections: Int { backlog?.count ?? 0 }

    /// Whether an accept is waiting.
    package var isAccepting: Bool { reading.contains { !$0.hasEnded } }

    /// Sends as many bytes as there is room for; -EAGAIN if there is no room.
    package func send(_ bytes: UnsafeRawBufferPointer) -> Int32 {
        if let error = takeError() { return error }
        guard let outgoing else { return -ENOTCONN }
        if isBroken || outgoing.isEnded { return -EPIPE }
        let count = min(bytes.count, outgoing.room)
        guard count > 0 else { return bytes.count == 0 ? 0 : -EAGAIN }
        unsafe outgoing.append(UnsafeRawBufferPointer(rebasing: bytes[..<count]))
        if !isUnplugged, network.strikes(.connectionReset) { strike(after: outgoing.latency) }
        return Int32(count)
    }

    /// Breaks the connection after a delay, as a fault.
    private func strike(after delay: UInt64) {
        for end in [self, peer] {
            end?.wasStruck = true
            network.schedule(in: delay) { [weak end] in end?.breakConnection(ECONNRESET) }
        }
    }

    /// Ends the outgoing stream.
    package func shutdownWrite() {
        if !isBroken { outgoing?.end() }
    }

    /// Closes gracefully, or with a reset if unread bytes are left or a reset was requested.
    package func close() {
        guard !isClosed else { return }
        isClosed = true
        onChange = nil
        for waiting in backlog ?? [] { waiting.reset() }
        backlog = nil
        guard isConnected, !isBroken, !isUnplugged, let peer, let outgoing else { return }
        if resetsOnClose || available > 0 {
            outgoing.cut()
            network.schedule(in: outgoing.latency) { [weak peer] in peer?.breakConnection(ECONNRESET) }
        } else {
            outgoing.end()
        }
    }

    package func reset() {
        resetsOnClose = true
        close()
    }

    /// Resets a connection that was not accepted yet.
    func abort() {
        wasStruck = true
        peer?.wasStruck = true
        reset()
    }

    // MARK: Events

    /// Breaks the connection; the next call reports the error, once.
    func breakConnection(_ error: Int32) {
        guard !isClosed, !isBroken else { return }
        isBroken = true
        pendingError = error
        network.observe(self, .ended)
        outgoing?.cut()
        changed()
    }

    /// Breaks the connection because sent data stayed unacknowledged for as long as the system retransmits.
    func breakUnacknowledged() {
        guard !isClosed, !isBroken else { return }
        network.counters[.unacknowledgedTooLong] += 1
        breakConnection(ETIMEDOUT)
    }

    /// Silently stops all traffic between this socket and its peer.
    package func unplug() {
        guard let peer, !isUnplugged, !isClosed, !peer.isClosed, !isBroken, !peer.isBroken else { return }
        network.counters[.peerUnplugged] += 1
        network.note("\(peer.descriptor) and \(descriptor) are unplugged")
        for end in [self, peer] {
            end.isUnplugged = true
            end.outgoing?.unplug()
            // The loop's peer notices it and ends; the loop's own socket finds no change.
            end.changed()
        }
    }

    /// Fails the attempt to connect.
    func failConnecting(_ error: Int32) {
        pendingError = error
        changed()
    }

    /// Whether the next call reports an error.
    var hasError: Bool { pendingError != 0 }

    /// Whether the attempt to connect failed.
    package var hasFailed: Bool { !isConnected && pendingError != 0 }

    /// Returns and clears the unreported error, negated.
    func takeError() -> Int32? {
        guard pendingError != 0 else { return nil }
        defer { pendingError = 0 }
        return -pendingError
    }

    /// Schedules a call of `onChange`.
    func changed() {
        guard !changeIsScheduled else { return }
        changeIsScheduled = true
        network.schedule(at: network.now) { [weak self] in
            guard let self else { return }
            self.changeIsScheduled = false
            self.onChange?()
        }
    }

    package var unacknowledgedBytes: Int? { isBroken || !isConnected ? nil : outgoing?.unacknowledged }
    package var acknowledgedBytes: UInt64 { outgoing?.delivered ?? 0 }
}
