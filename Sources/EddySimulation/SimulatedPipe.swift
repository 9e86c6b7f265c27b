internal import EddySystem
internal import Glibc

// One direction of a connection:
//
//     send ──▶ [ in flight: up to the send buffer ] ─line: bandwidth, latency─▶ [ received: up to the receive buffer ]
//              bytes that arrived without room stay here until the receiver reads

/// Carries bytes from one socket to another.
final class SimulatedPipe {
    private unowned let network: SimulatedNetwork
    private let line: SimulatedLine
    weak var receiver: SimulatedSocket?
    weak var sender: SimulatedSocket?
    private var inFlight = ByteQueue()
    private var received = ByteQueue()
    /// The number of bytes in flight that have arrived.
    private var arrived = 0
    /// The time at which the line is free for the next byte.
    private var lineFree = Instant.distantPast
    /// Whether the sender has ended the stream, and whether the end has arrived.
    private(set) var isEnded = false
    private var endHasArrived = false
    /// Whether the bytes in flight were lost, and the end of the stream with them.
    private var isCut = false
    private var endIsLost = false
    /// The number of bytes that the receiver's side has acknowledged.
    private(set) var delivered: UInt64 = 0
    /// Whether the pipe no longer carries bytes and acknowledgements.
    private var isUnplugged = false
    private var givesUp = false
    /// How long Linux retransmits unacknowledged data by default (tcp_retries2 in ip-sysctl: 924.6 s at least).
    private static let patience: UInt64 = 924_600_000_000

    init(_ line: SimulatedLine, network: SimulatedNetwork) {
        self.line = line
        self.network = network
    }

    var room: Int { max(0, line.sendBuffer - inFlight.count) }
    var available: Int { received.count }
    /// The number of unacknowledged bytes.
    var unacknowledged: Int { inFlight.count }
    /// Whether the receiver has read everything up to the end of the stream.
    var isAtEnd: Bool { endHasArrived && !endIsLost && inFlight.isEmpty && received.isEmpty }
    var latency: UInt64 { line.latency }

    /// Sends bytes, for which there must be room.
    func append(_ bytes: UnsafeRawBufferPointer) {
        unsafe inFlight.append(bytes)
        let count = bytes.count
        guard !isUnplugged else { return giveUpLater() }
        lineFree = max(lineFree, network.now).advanced(byNanoseconds: UInt64(count) * line.nanosecondsPerByte)
        network.schedule(at: lineFree.advanced(byNanoseconds: line.latency)) { [weak self] in self?.arrive(count) }
    }

    private func arrive(_ count: Int) {
        guard !isCut, !isUnplugged else { return }
        guard let receiver, !receiver.isClosed else { return receiverIsGone() }
        arrived += count
        deliver()
    }

    /// Moves arrived bytes to the receive buffer, as far as there is room.
    private func deliver() {
        guard !isUnplugged else { return }
        let moved = min(arrived, line.receiveBuffer - received.count)
        guard moved > 0 else { return }
        inFlight.move(moved, to: &received)
        arrived -= moved
        delivered += UInt64(moved)
        network.counters.bytes += moved
        if let sender { network.observe(sender, .acknowledged) }
        receiver?.changed()
        sender?.changed()
    }

    /// The receiver has closed: resets the sender.
    private func receiverIsGone() {
        guard let sender, !sender.isClosed else { return }
        network.schedule(in: line.latency) { [weak sender] in sender?.breakConnection(ECONNRESET) }
    }

    func read(into memory: UnsafeMutableRawBufferPointer) -> Int {
        let count = unsafe received.move(to: memory)
        deliver()
        return count
    }

    /// Ends the stream.
    func end() {
        guard !isEnded else { return }
        isEnded = true
        guard !isUnplugged else { return giveUpLater() }
        network.schedule(at: max(lineFree, network.now).advanced(byNanoseconds: line.latency)) { [weak self] in
            guard let self, !self.isUnplugged else { return }
            self.endHasArrived = true
            if let receiver = self.receiver { self.network.observe(receiver, .ended) }
            self.receiver?.changed()
        }
    }

    /// Stops carrying bytes without notice to the sender, whose sent bytes stay unacknowledged.
    func unplug() {
        isUnplugged = true
        if !inFlight.isEmpty || isEnded && !endHasArrived { giveUpLater() }
    }

    /// Breaks the sender's connection after the time for which its system retransmits.
    private func giveUpLater() {
        guard !givesUp else { return }
        givesUp = true
        network.schedule(in: Self.patience) { [weak self] in self?.sender?.breakUnacknowledged() }
    }

    /// Drops the bytes in flight.
    func cut() {
        isCut = true
        endIsLost = !inFlight.isEmpty
        inFlight.removeAll()
        arrived = 0
    }
}
