import EddyBuffers
import EddyRing
import EddySimulation
import Testing

@testable import Eddy

/// When an iteration waits for the system, and when it must not.
@Suite("loop: waiting")
struct WaitingTests {
    @Test("A loop does not wait while the success of a send is unknown")
    func unsettledSend() throws {
        var features = RingFeatures()
        features.inlineSends = true
        try withSimulatedLoop(features: features) { loop, network in
            let (id, peer) = try loop.acceptSimulated(in: network)
            #expect(loop.driver.write(Buffer.from("hello").relinquish(), to: id) == nil)
            // The system did not take it in the last iteration, and no completion reports its success in the next one.
            loop.driver.submitSends()
            #expect(loop.driver.connections[id].sending.flight?.kind == .inline)
            let lastWait = network.lastWait
            network.schedule(in: 1_000_000_000) {}
            loop.advance()
            #expect(network.lastWait == lastWait)
            #expect(loop.driver.connections[id].sending.queue.isEmpty)
            peer.close()
        }
    }

    @Test("A loop does not wait while an object is to be called")
    func readyObject() throws {
        try withSimulatedLoop { loop, network in
            let (id, peer) = try loop.acceptSimulated(in: network)
            let callback = loop.driver.callbacks.insert(NoCallback())
            loop.driver.install(callback, on: id)
            let lastWait = network.lastWait
            network.schedule(in: 1_000_000_000) {}
            loop.advance()
            #expect(network.lastWait == lastWait)
            loop.driver.removeCallback(of: id)
            loop.driver.callbacks.remove(callback)
            peer.close()
        }
    }
}

private final class NoCallback: ConnectionCallback {
    func ready(_ id: ConnectionID) {}
}
