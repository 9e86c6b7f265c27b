import EddyRing

@testable import Eddy

/// Runs `body` with a loop on this thread whose network is in memory. The loop advances only when `body` has it do so, and
/// time passes only while the loop waits.
func withSimulatedLoop(
    features: RingFeatures = RingFeatures(),
    _ body: (EventLoop, SimulatedNetwork) throws -> Void
) throws {
    let network = SimulatedNetwork(seed: 1)
    defer { network.shutDown() }
    let loop = try EventLoop(
        configuration: EventLoop.Configuration().quiet,
        features: features,
        ring: Ring(simulating: network)
    )
    defer {
        loop.stop()
        loop.run()
    }
    try body(loop, network)
}

extension Listener {
    /// A listener that accepts in a simulated network.
    convenience init(simulatedIn network: SimulatedNetwork, loop: EventLoop) throws {
        let address = SocketAddress.loopback(port: 7000)
        let descriptor = try network.openStream()
        network.bind(descriptor, to: address)
        network.listen(descriptor, backlog: 8)
        self.init(
            loop: loop,
            descriptor: descriptor,
            address: address,
            admission: Admission(TCPServer.Options()),
            onIncident: nil,
            handlerLocation: ""
        )
        accept()
    }
}
