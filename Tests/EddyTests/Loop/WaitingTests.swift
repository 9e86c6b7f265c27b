import EddyBuffers
import EddyRing
import EddySimulation
import Testing

@testable import Eddy

/// When an iteration waits for the system, and when it must not.
@Suite("loop: waiting")
struct WaitingTests {
    @Test("A loop does not wait while the success of a send is not known")
    func unsettledSend() throws {
        var features = RingFeatures()
        features.inlineSends = true
        try withSimulatedLoop(features: features) { loop, network in
            let (slot, peer) = try loop.acceptSimulated(in: network)
            #expect(loop.write(Buffer.from("hello").relinquish(), to: slot) == nil)
            // The system did not take it in the last iteration, and nothing tells of its success in the next one.
            loop.submitSends()
            #expect(loop.connections[slot].flags.contains(.sendingInline))
            let lastWait = network.lastWait
            network.schedule(in: 1_000_000_000) {}
            loop.advance()
            #expect(network.lastWait == lastWait)
            #expect(loop.connections[slot].outbound.isEmpty)
            peer.close()
        }
    }
}
