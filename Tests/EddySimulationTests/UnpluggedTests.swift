import EddySystem
import Glibc
import Testing

@testable import EddySimulation

@Suite("simulation: unplugged connections")
final class UnpluggedTests {
    private let network = SimulatedNetwork(seed: 1)

    deinit {
        network.shutDown()
    }

    private func pass(_ seconds: Int) {
        let end = network.now.advanced(by: .seconds(seconds))
        while let next = network.nextEventTime, next <= end {
            network.wait(until: next)
            network.runDueEvents()
        }
        network.wait(until: end)
    }

    private func connected() throws -> (here: SimulatedSocket, there: SimulatedSocket) {
        var accepted: SimulatedSocket?
        network.serve(.loopback(port: 7000)) { accepted = $0 }
        let socket = network.dial(.loopback(port: 7000))
        pass(1)
        return (socket, try #require(accepted))
    }

    private func send(_ count: Int, from socket: SimulatedSocket) -> Int32 {
        [UInt8](repeating: 1, count: count).withUnsafeBytes { socket.send($0) }
    }

    private func receive(from socket: SimulatedSocket) -> Int32 {
        var bytes = [UInt8](repeating: 0, count: 100)
        return bytes.withUnsafeMutableBytes { socket.receive(into: $0) }
    }

    @Test("Arrived bytes can be read, nothing else arrives, and the sender fails after a quarter of an hour")
    func unacknowledged() throws {
        let (here, there) = try connected()
        #expect(send(10, from: here) == 10)
        pass(1)
        #expect(send(20, from: here) == 20)
        here.unplug()
        #expect(send(30, from: here) == 30)
        here.shutdownWrite()
        pass(900)
        #expect(receive(from: there) == 10)
        #expect(receive(from: there) == -EAGAIN)
        #expect(here.unacknowledgedBytes == 50)
        #expect(receive(from: here) == -EAGAIN)
        pass(30)
        #expect(receive(from: here) == -ETIMEDOUT)
        #expect(network.counters[.unacknowledgedTooLong] == 1)
        // The other end has sent nothing, so it never notices.
        pass(3000)
        #expect(receive(from: there) == -EAGAIN)
    }

    @Test("An end and a reset do not arrive either; an unacknowledged end also breaks the connection")
    func ends() throws {
        let (here, there) = try connected()
        here.unplug()
        here.reset()
        there.shutdownWrite()
        pass(900)
        #expect(receive(from: there) == -EAGAIN)
        pass(30)
        #expect(receive(from: there) == -ETIMEDOUT)
        #expect(network.counters[.peerUnplugged] == 1)
    }
}
