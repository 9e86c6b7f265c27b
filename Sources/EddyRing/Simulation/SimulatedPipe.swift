internal import Glibc

// One direction of a connection:
//
//     send ──▶ [ in flight: up to the send buffer ] ──line: bandwidth, latency──▶ [ received: up to the receive buffer ]
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
    /// Whether what was on its way is lost.
    private var isCut = false
    /// Bytes that the receiver's side has taken in, which acknowledges them.
    private(set) var delivered: UInt64 = 0

    init(_ line: SimulatedLine, network: SimulatedNetwork) {
        self.line = line
        self.network = network
    }

    var room: Int { max(0, line.sendBuffer - inFlight.count) }
    var available: Int { received.count }
    /// Bytes that the other side has not acknowledged.
    var unacknowledged: Int { inFlight.count }
    /// Whether all has been read, and nothing more comes.
    var isAtEnd: Bool { endHasArrived && inFlight.isEmpty && received.isEmpty }
    var latency: UInt64 { line.latency }

    /// Takes the bytes, for which there is room.
    func append(_ bytes: UnsafeRawBufferPointer) {
        unsafe inFlight.append(bytes)
        let count = bytes.count
        lineFree = max(lineFree, network.now) + UInt64(count) * line.nanosecondsPerByte
        network.schedule(at: lineFree + line.latency) { [weak self] in self?.arrive(count) }
    }

    private func arrive(_ count: Int) {
        guard !isCut else { return }
        guard let receiver, !receiver.isClosed else { return receiverIsGone() }
        arrived += count
        deliver()
    }

    /// Moves what has come to where the receiver finds it, as far as there is room.
    private func deliver() {
        let moved = min(arrived, line.receiveBuffer - received.count)
        guard moved > 0 else { return }
        inFlight.move(moved, to: &received)
        arrived -= moved
        delivered += UInt64(moved)
        network.census.bytes += moved
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
        network.schedule(at: max(lineFree, network.now) + line.latency) { [weak self] in
            guard let self else { return }
            self.endHasArrived = true
            self.receiver?.changed()
        }
    }

    /// What is on its way is lost.
    func cut() {
        isCut = true
        inFlight.removeAll()
        arrived = 0
    }
}
