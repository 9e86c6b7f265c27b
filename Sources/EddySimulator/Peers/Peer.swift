import EddySimulation
import EddySystem

/// Somebody on the other side of the network, who acts by a plan.
class Peer {
    let simulation: Simulation
    let socket: SimulatedSocket
    private(set) var isFinished = false
    /// Since when it has had everything and keeps its connection all the same, as a client with a pool of them does.
    private(set) var keptSince: UInt64?

    init(_ simulation: Simulation, _ socket: SimulatedSocket) {
        self.simulation = simulation
        self.socket = socket
        socket.onChange = { [unowned self] in wake() }
    }

    var network: SimulatedNetwork { simulation.network }
    var port: UInt16 { socket.localAddress?.port ?? 0 }
    /// Whether it has broken its connection on purpose.
    final var hasMisbehaved = false
    /// Bytes that the server's system had when the server was told to shut down.
    final var acknowledgedAtShutdown: UInt64 = 0
    /// Bytes that have come.
    final var received = 0
    /// Whether its connection may be broken: by itself, or by the network.
    final var hasBroken: Bool { hasMisbehaved || socket.wasStruck }

    /// How far it has come.
    var words: String { "" }

    /// Does what can be done now. It is called again when something has changed.
    func act() {}

    final func wake() {
        guard !isFinished else { return }
        if socket.isUnplugged { unplugged() } else { act() }
    }

    /// Nothing passes between it and the other side any more.
    func unplugged() {
        network.note("peer \(port) is unplugged")
        finish()
    }

    /// Wakes after a while.
    final func sleep(_ nanoseconds: UInt64) {
        network.schedule(in: nanoseconds) { [weak self] in self?.wake() }
    }

    final func finish() {
        isFinished = true
        socket.onChange = nil
        if keptSince == nil { simulation.peerFinished() }
    }

    /// It has what it wants. The simulation does not wait for it any longer, and it keeps its connection.
    final func keep() {
        guard keptSince == nil else { return }
        keptSince = network.now
        simulation.peerFinished()
    }

    final func fail(_ violation: String) -> Never { network.fail("peer \(port): \(violation)") }
}
