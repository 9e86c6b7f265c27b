import EddyBuffers
import EddyRing
import EddySimulation
import Testing

@testable import Eddy

/// What the driver does with states, on a loop in a simulated network.
@Suite("connection core: driver")
struct ConnectionDriverTests {
    @Test("A second release of a connection does not concern the next one in its slot")
    func staleRelease() throws {
        try withSimulatedLoop { loop, network in
            let (id, peer) = try loop.acceptSimulated(in: network)
            loop.driver.release(id)
            loop.driver.closeReleased()
            peer.close()
            while loop.driver.connections.isCurrent(id) { loop.advance() }
            let next = try #require(loop.driver.open(descriptor: network.openStream(), phase: .open))
            #expect(next.index == id.index)
            loop.driver.release(id)
            #expect(loop.driver.connections[next].lifecycle.phase == .open)
        }
    }

    @Test("An object that leaves a connection waits no more for its queue to drain")
    func leaving() throws {
        try withSimulatedLoop { loop, network in
            let (id, peer) = try loop.acceptSimulated(in: network)
            loop.driver.connections[id].receiving.install(CallbackID(index: 0))
            loop.driver.connections[id].sending.notifyCallback()
            loop.driver.removeCallback(of: id)
            #expect(!loop.driver.connections[id].receiving.hasReader)
            #expect(!loop.driver.connections[id].sending.hasWriter)
            peer.close()
        }
    }
}
