import Eddy
import EddyBuffers
import Testing

@testable import Eddy

/// Peers that never receive may take all the memory. They lose their connections, and the others go on.
@Suite("memory: eviction", .serialized, .timeLimit(.minutes(2)))
struct EvictionTests {
    @Test("Stalled peers that hold all memory are reset, a newcomer is served", arguments: [FeatureSet.all, .none])
    func stalledPeers(set: FeatureSet) async throws {
        var configuration = EventLoop.Configuration()
        configuration.pool = BufferPool.Configuration(receiveChunkSize: 256 << 10, maximumBytes: 2 << 20)
        configuration.starvationTimeout = .milliseconds(300)
        let handler: TCPServer.Handler = { connection in
            while let bytes = try await connection.read() { try await connection.write(bytes) }
        }
        let statistics = try await withServer(set, configuration: configuration, handler: handler) { server in
            // More than the kernel buffers for a connection, so that the rest stays in the pool.
            let flood = [UInt8](repeating: 7, count: 16 << 20)
            try await withThrowingTaskGroup { tasks in
                for _ in 0..<3 {
                    let staller = try await Peer.connect(to: server.address, receiveBuffer: 4096)
                    // Ends with an error: the server resets the connection.
                    tasks.addTask { try? await staller.send(flood) }
                }
                try await eventually { await server.group.statistics().connectionsEvicted > 0 }
                let newcomer = try await Peer.connect(to: server.address)
                try await newcomer.send([1, 2, 3])
                #expect(try await newcomer.receive(3) == [1, 2, 3])
                server.shutDown(grace: .zero)
                try await tasks.waitForAll()
            }
        }
        #expect(statistics.connectionsEvicted > 0)
    }
}
