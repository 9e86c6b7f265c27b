import EddyRing
import EddySimulation
import Testing

@testable import Eddy

/// Runs `body` with a loop whose network is in memory. The loop advances only when `body` makes it, and time passes
/// only while the loop waits.
///
/// Like every loop it has a thread of its own: what ends with the thread ends with the test.
func withSimulatedLoop(
    features: RingFeatures = RingFeatures(),
    _ body: (EventLoop, SimulatedNetwork) throws -> Void
) throws {
    let result = try withoutActuallyEscaping(body) { body in
        // This thread waits for the other one.
        nonisolated(unsafe) let body = body
        let (thread, result) = try SystemThread.start(
            name: "simulated-loop",
            make: { () throws(RingError) in Result { try runSimulatedLoop(features, body) } },
            run: { _ in }
        )
        thread.join()
        return result
    }
    try result.get()
}

private func runSimulatedLoop(
    _ features: RingFeatures,
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
    // Buffers come from the loop's pool, as in its tasks.
    loop.pool.makeCurrent()
    try body(loop, network)
}

extension EventLoop {
    /// A connection that this loop has accepted in its simulated network, and the socket of its peer.
    func acceptSimulated(in network: SimulatedNetwork) throws -> (id: ConnectionID, peer: SimulatedSocket) {
        let listener = try Listener(simulatedIn: network, loop: self)
        let peer = network.dial(listener.address)
        while driver.counters.connectionsAccepted == 0 { advance() }
        return (try #require(listener.firstConnection()), peer)
    }
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
            limiter: ConnectionLimiter(TCPServer.Options()),
            onIncident: nil,
            handlerLocation: ""
        )
        accept()
    }
}
