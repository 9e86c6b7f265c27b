import EddySimulation
import EddySystem

/// The other side of a connection, which follows a plan.
class Peer {
    let simulation: Simulation
    let socket: SimulatedSocket
    private(set) var isFinished = false
    /// Since when it has received everything and kept its connection open, as a client with a connection pool does.
    private(set) var keptSince: Instant?

    init(_ simulation: Simulation, _ socket: SimulatedSocket) {
        self.simulation = simulation
        self.socket = socket
        socket.onChange = { [unowned self] in wake() }
    }

    var network: SimulatedNetwork { simulation.network }
    var port: UInt16 { socket.localAddress?.port ?? 0 }
    /// Whether it has broken its connection deliberately.
    final var hasMisbehaved = false
    /// Bytes that the server's system had acknowledged when the shutdown began.
    final var acknowledgedAtShutdown: UInt64 = 0
    /// Bytes received.
    final var received = 0
    /// Whether its connection may be broken, by the peer itself or by the network.
    final var hasBroken: Bool { hasMisbehaved || socket.wasStruck }

    /// Its progress, for reports.
    var words: String { "" }

    /// Performs the next steps of the plan. Called again after every change.
    func act() {}

    final func wake() {
        guard !isFinished else { return }
        if socket.isUnplugged { unplugged() } else { act() }
    }

    /// The network no longer delivers anything in either direction.
    func unplugged() {
        network.note("peer \(port) is unplugged")
        finish()
    }

    /// Wakes after a delay in nanoseconds.
    final func sleep(_ nanoseconds: UInt64) {
        network.schedule(in: nanoseconds) { [weak self] in self?.wake() }
    }

    final func finish() {
        isFinished = true
        socket.onChange = nil
        if keptSince == nil { simulation.peerFinished() }
    }

    /// It has received everything. The simulation no longer waits for it, and it keeps its connection.
    final func keep() {
        guard keptSince == nil else { return }
        keptSince = network.now
        simulation.peerFinished()
    }

    final func fail(_ violation: String) -> Never { network.fail("peer \(port): \(violation)") }
}
