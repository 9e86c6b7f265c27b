package import EddySystem
internal import Glibc

/// One end of a simulated connection, or a listener. Its calls do not wait, and return what the system's calls would:
/// a number, or a negated error number.
package final class SimulatedSocket {
    private unowned let network: SimulatedNetwork
    /// Its descriptor, on the side of the loop; negative on the side of its peers.
    package internal(set) var descriptor: Int32
    package internal(set) var localAddress: SocketAddress?
    package internal(set) var remoteAddress: SocketAddress?
    /// Called soon after something has changed: it may be possible now to receive or send, or the connection is made or
    /// broken.
    package var onChange: (() -> Void)?

    package private(set) var isClosed = false
    /// Whether there is, or was, a connection.
    package internal(set) var isConnected = false
    /// Whether the connection has broken.
    package private(set) var isBroken = false
    /// An error that one call will be told, as SO_ERROR.
    private var pendingError: Int32 = 0
    /// `close` resets (SO_LINGER with no time).
    var resetsOnClose = false
    /// Whether the network has broken the connection by chance.
    package private(set) var wasStruck = false
    /// Whether nothing passes between it and its peer any more.
    package private(set) var isUnplugged = false
    private var changeIsScheduled = false
    private(set) var incoming: SimulatedPipe?
    private(set) var outgoing: SimulatedPipe?
    private weak var peer: SimulatedSocket?
    /// Connections that wait to be accepted; nil for what does not listen.
    var backlog: [SimulatedSocket]?
    var backlogCapacity = 0
    /// The loop's operations on this socket, in order.
    var reading: [SimulatedOperation] = []
    var writing: [SimulatedOperation] = []

    init(network: SimulatedNetwork, descriptor: Int32) {
        self.network = network
        self.descriptor = descriptor
    }

    /// Joins two ends.
    func join(_ other: SimulatedSocket, _ there: SimulatedLine, _ back: SimulatedLine) {
        let (outgoing, incoming) = (SimulatedPipe(there, network: network), SimulatedPipe(back, network: network))
        (self.outgoing, self.incoming, peer, isConnected) = (outgoing, incoming, other, true)
        (other.incoming, other.outgoing, other.peer, other.isConnected) = (outgoing, incoming, self, true)
        (outgoing.sender, outgoing.receiver) = (self, other)
        (incoming.sender, incoming.receiver) = (other, self)
    }

    // MARK: Calls

    /// Bytes that a receive would find.
    package var available: Int { incoming?.available ?? 0 }

    /// Bytes of a send that would be taken.
    package var room: Int { isBroken ? 0 : outgoing?.room ?? 0 }

    /// Receives; 0 at the end of the stream, -EAGAIN when nothing is there.
    package func receive(into memory: UnsafeMutableRawBufferPointer) -> Int32 {
        guard let incoming else { return takeError() ?? -ENOTCONN }
        if incoming.available > 0 { return unsafe Int32(incoming.read(into: memory)) }
        if let error = takeError() { return error }
        return isBroken || incoming.isAtEnd ? 0 : -EAGAIN
    }

    /// Whether a receive would return at once.
    package var isReadable: Bool {
        guard let incoming else { return pendingError != 0 }
        return incoming.available > 0 || pendingError != 0 || isBroken || incoming.isAtEnd
    }

    /// Whether all that the peer has sent was received, and its end as well.
    package var isAtEnd: Bool { incoming?.isAtEnd ?? false }

    /// Connections that wait to be accepted.
    package var waitingConnections: Int { backlog?.count ?? 0 }

    /// Whether an accept waits.
    package var isAccepting: Bool { reading.contains { !$0.hasEnded } }

    /// Sends as much as there is room for; -EAGAIN when there is none.
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

    /// The network breaks the connection.
    private func strike(after delay: UInt64) {
        for end in [self, peer] {
            end?.wasStruck = true
            network.schedule(in: delay) { [weak end] in end?.breakConnection(ECONNRESET) }
        }
    }

    /// Ends this side's direction.
    package func shutdownWrite() {
        if !isBroken { outgoing?.end() }
    }

    /// Closes: in order, or with a reset if bytes are left that nobody has read, or if it was asked for.
    package func close() {
        guard !isClosed else { return }
        isClosed = true
        onChange = nil
        for waiting in backlog ?? [] { waiting.reset() }
        backlog = nil
        guard isConnected, !isBroken, !isUnplugged, let peer, let outgoing else { return }
        if resetsOnClose || available > 0 {
            outgoing.cut()
            network.schedule(at: network.now + outgoing.latency) { [weak peer] in peer?.breakConnection(ECONNRESET) }
        } else {
            outgoing.end()
        }
    }

    package func reset() {
        resetsOnClose = true
        close()
    }

    /// The peer is gone before anybody has accepted it.
    func abort() {
        wasStruck = true
        peer?.wasStruck = true
        reset()
    }

    // MARK: What happens to it

    /// The connection is broken; the next call is told so, once.
    func breakConnection(_ error: Int32) {
        guard !isClosed, !isBroken else { return }
        isBroken = true
        pendingError = error
        network.observe(self, .ended)
        outgoing?.cut()
        changed()
    }

    /// Nobody has acknowledged what was sent, for as long as the system tries.
    func breakUnacknowledged() {
        guard !isClosed, !isBroken else { return }
        network.census[.unacknowledgedTooLong] += 1
        breakConnection(ETIMEDOUT)
    }

    /// From now on nothing passes between this end and its peer, and neither is told.
    package func unplug() {
        guard let peer, !isUnplugged, !isClosed, !peer.isClosed, !isBroken, !peer.isBroken else { return }
        network.census[.peerUnplugged] += 1
        network.note("\(peer.descriptor) and \(descriptor) are unplugged")
        for end in [self, peer] {
            end.isUnplugged = true
            end.outgoing?.unplug()
            // A peer of the loop's ends then, too; the loop finds nothing.
            end.changed()
        }
    }

    /// The connection cannot be made.
    func failConnecting(_ error: Int32) {
        pendingError = error
        changed()
    }

    /// Whether the next call is told an error.
    var hasError: Bool { pendingError != 0 }

    /// Whether it could not be connected.
    package var hasFailed: Bool { !isConnected && pendingError != 0 }

    /// The error that nobody was told yet, negated; once.
    func takeError() -> Int32? {
        guard pendingError != 0 else { return nil }
        defer { pendingError = 0 }
        return -pendingError
    }

    /// Has whoever uses it look at it soon.
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
