import EddySimulation

/// A server of the simulated network that echoes.
final class EchoingPeer: Peer {
    private var kept: [UInt8] = []
    private var hasEnded = false
    private let haste: Int
    private let capacity: Int
    /// The number of bytes after which it resets its connection; nil: never.
    private let resetsAfter: Int?
    private var taken = 0

    override init(_ simulation: Simulation, _ socket: SimulatedSocket) {
        haste = 1 + Int(simulation.network.random.next() % 30)
        capacity = simulation.network.random.magnitude(1...65_536)
        resetsAfter = simulation.network.random.once(in: 12) ? simulation.network.random.magnitude(0...100_000) : nil
        super.init(simulation, socket)
    }

    override func act() {
        while receive() || send() {
            if network.random.once(in: haste) { return sleep(simulation.pause(upTo: 100_000_000)) }
        }
        if hasEnded, kept.isEmpty { close() }
    }

    /// The simulation does not wait for it.
    override func unplugged() {}

    private func receive() -> Bool {
        guard !hasEnded, kept.count < capacity else { return false }
        var bytes = [UInt8](repeating: 0, count: capacity - kept.count)
        let result = unsafe bytes.withUnsafeMutableBytes { unsafe socket.receive(into: $0) }
        switch result {
        case SocketResult.again, SocketResult.notConnected: return false
        case ..<0: close()
        case 0: hasEnded = true
        default: take(bytes[..<Int(result)])
        }
        return true
    }

    private func take(_ bytes: ArraySlice<UInt8>) {
        kept += bytes
        taken += bytes.count
        guard let resetsAfter, taken >= resetsAfter else { return }
        network.note("the upstream server resets")
        simulation.brokenUpstreams += 1
        socket.reset()
        close()
    }

    private func send() -> Bool {
        guard !kept.isEmpty else { return false }
        let result = unsafe kept.withUnsafeBytes { unsafe socket.send($0) }
        if result == SocketResult.again { return false }
        if result < 0 { close() } else { kept.removeFirst(Int(result)) }
        return true
    }

    private func close() {
        kept = []
        hasEnded = true
        socket.close()
    }
}
