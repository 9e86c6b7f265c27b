import Eddy
import Synchronization
import Testing

@testable import Eddy

/// Which task serves a connection, and when it starts.
@Suite("server: tasks of handlers", .serialized, .timeLimit(.minutes(5)))
struct HandlerTaskTests {
    /// The number of idle tasks of the only loop's only listener.
    private func idleTasks(of server: TCPServer) async throws -> Int {
        let loop = try #require(server.group.loops.first)
        return await loop.run {
            var count = 0
            loop.listeners.forEachListener { count += $0.idleTaskCount }
            return count
        }
    }

    @Test("A task that has served a connection waits for the next one and serves it")
    func isReused() async throws {
        try await withServer { server in
            for _ in 0..<20 {
                try await exchange(at: server.address)
                try await eventually { try await idleTasks(of: server) == 1 }
            }
            let peers = [try await Peer.connect(to: server.address), try await Peer.connect(to: server.address)]
            for peer in peers { try await exchange(with: peer) }
            #expect(try await idleTasks(of: server) == 0)
            for peer in peers { peer.close() }
            try await eventually { try await idleTasks(of: server) == 2 }
        }
    }

    @Test("After a crowd, most of the tasks end")
    func crowd() async throws {
        try await withServer { server in
            for _ in 0..<2 {
                var peers: [Peer] = []
                for _ in 0..<150 {
                    let peer = try await Peer.connect(to: server.address)
                    try await exchange(with: peer)
                    peers.append(peer)
                }
                #expect(try await idleTasks(of: server) == 0)
                for peer in peers { peer.close() }
                try await eventually { try await idleTasks(of: server) == 64 }
                #expect(await server.group.statistics().connections == 0)
            }
        }
    }

    @Test("A handler that throws leaves nothing to the next one that its task runs")
    func failing() async throws {
        struct Failure: Error {}
        enum Number { @TaskLocal static var value = 0 }
        let values = Mutex<[Int]>([])
        let handler: TCPServer.Handler = { connection in
            values.withLock { $0.append(Number.value) }
            #expect(!Task.isCancelled)
            try await Number.$value.withValue(7) {
                _ = try await connection.read()
                throw Failure()
            }
        }
        let statistics = try await withServer(handler: handler) { server in
            for _ in 0..<5 {
                let peer = try await Peer.connect(to: server.address)
                try await peer.send([1])
                _ = try? await peer.receiveAll()
                peer.close()
                try await eventually { await server.group.statistics().connections == 0 }
            }
        }
        #expect(statistics.handlerFailures == 5)
        #expect(values.withLock { $0 } == [0, 0, 0, 0, 0])
    }

    private func exchange(at address: SocketAddress) async throws {
        let peer = try await Peer.connect(to: address)
        defer { peer.close() }
        try await exchange(with: peer)
    }

    private func exchange(with peer: Peer) async throws {
        try await peer.send([1, 2, 3])
        #expect(try await peer.receive(3) == [1, 2, 3])
    }
}
