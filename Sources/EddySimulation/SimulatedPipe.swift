internal import Glibc

// One direction of a connection:
//
//     send ──▶ [ in flight: up to the send buffer ] ─line: bandwidth, latency─▶ [ received: up to the receive buffer ]
//              bytes that have come, but find no room, stay here until the other side reads

/// The way of bytes from one socket to another.
final class SimulatedPipe {
    private unowned let network: SimulatedNetwork
    private let line: SimulatedLine
    /// Where the bytes come out.
    weak var receiver: SimulatedSocket?
    weak var sender: SimulatedSocket?
    private var inFlight = ByteQueue()
    private var received = ByteQueue()
    /// Bytes in flight whose time has come.
    private var arrived = 0
    /// When the line is free for the next byte.
    private var lineFree: UInt64 = 0
    /// The sender has said that nothing follows; and when that is known at the other end.
    private(set) var isEnded = false
    private var endHasArrived = false
    /// Whether what was on its way is lost, and with bytes the end behind them.
    private var isCut = false
    private var endIsLost = false
    /// Bytes that the receiver's side has taken in, which acknowledges them.
    private(set) var delivered: UInt64 = 0
    /// Whether nothing arrives any more, nor is acknowledged.
    private var isUnplugged = false
    private var givesUp = false
    /// How long Linux sends again what nobody acknowledges, by default (tcp_retries2 in ip-sysctl: 924.6 s at least).
    private static let patience: UInt64 = 924_600_000_000

    init(_ line: SimulatedLine, network: SimulatedNetwork) {
        self.line = line
        self.network = network
    }

    var room: Int { max(0, line.sendBuffer - inFlight.count) }
    var available: Int { received.count }
    /// Bytes that the other side has not acknowledged.
    var unacknowledged: Int { inFlight.count }
    /// Whether all has been read, and nothing more comes.
    var isAtEnd: Bool { endHasArrived && !endIsLost && inFlight.isEmpty && received.isEmpty }
    var latency: UInt64 { line.latency }

    /// Takes the bytes, for which there is room.
    func append(_ bytes: UnsafeRawBufferPointer) {
        unsafe inFlight.append(bytes)
        let count = bytes.count
        guard !isUnplugged else { return giveUpLater() }
        lineFree = max(lineFree, network.now) + UInt64(count) * line.nanosecondsPerByte
        network.schedule(at: lineFree + line.latency) { [weak self] in self?.arrive(count) }
    }

    private func arrive(_ count: Int) {
        guard !isCut, !isUnplugged else { return }
        guard let receiver, !receiver.isClosed else { return receiverIsGone() }
        arrived += count
        deliver()
    }

    /// Moves what has come to where the receiver finds it, as far as there is room.
    private func deliver() {
        guard !isUnplugged else { return }
        let moved = min(arrived, line.receiveBuffer - received.count)
        guard moved > 0 else { return }
        inFlight.move(moved, to: &received)
        arrived -= moved
        delivered += UInt64(moved)
        network.census.bytes += moved
        if let sender { network.observe(sender, .acknowledged) }
        receiver?.changed()
        sender?.changed()
    }

    /// Nobody reads any more: the sender is told by a reset.
    private func receiverIsGone() {
        guard let sender, !sender.isClosed else { return }
        network.schedule(at: network.now + line.latency) { [weak sender] in sender?.breakConnection(ECONNRESET) }
    }

    func read(into memory: UnsafeMutableRawBufferPointer) -> Int {
        let count = unsafe received.move(to: memory)
        deliver()
        return count
    }

    /// Nothing follows.
    func end() {
        guard !isEnded else { return }
        isEnded = true
        guard !isUnplugged else { return giveUpLater() }
        network.schedule(at: max(lineFree, network.now) + line.latency) { [weak self] in
            guard let self, !self.isUnplugged else { return }
            self.endHasArrived = true
            if let receiver = self.receiver { self.network.observe(receiver, .ended) }
            self.receiver?.changed()
        }
    }

    /// Nothing arrives from now on, and the sender is not told; what it has sent stays unacknowledged.
    func unplug() {
        isUnplugged = true
        if !inFlight.isEmpty || isEnded && !endHasArrived { giveUpLater() }
    }

    /// The sender's system tries for a while to have it acknowledged, and then breaks the connection.
    private func giveUpLater() {
        guard !givesUp else { return }
        givesUp = true
        network.schedule(in: Self.patience) { [weak self] in self?.sender?.breakUnacknowledged() }
    }

    /// What is on its way is lost.
    func cut() {
        isCut = true
        endIsLost = !inFlight.isEmpty
        inFlight.removeAll()
        arrived = 0
    }
}
