import Eddy
import EddyBuffers
import Testing

@testable import Eddy

/// While memory is tight, peers that have more to send receive in turns, and the bytes that receives may bring count.
@Suite("memory: receives while memory is tight", .serialized, .timeLimit(.minutes(5)))
struct ReceiveTurnsTests {
    private static var configuration: EventLoop.Configuration {
        var configuration = EventLoop.Configuration()
        configuration.pool = BufferPool.Configuration(receiveChunkSize: 64 << 10, maximumBytes: 4 << 20)
        return configuration
    }

    /// Runs `body` on a loop with `count` connections whose receives are in flight. It must not suspend.
    private func withConnections(
        _ count: Int,
        _ body: @escaping @Sendable (EventLoop, [ConnectionID]) -> Void,
        afterwards: (EventLoop) async throws -> Void = { _ in }
    ) async throws {
        let ids = Channel<ConnectionID>()
        let handler: TCPServer.Handler = { connection in
            ids.send(connection.id)
            try await echo(connection)
        }
        try await withServer(configuration: Self.configuration, handler: handler) { server in
            let loop = server.group.next()
            var (peers, open): ([Peer], [ConnectionID]) = ([], [])
            for _ in 0..<count {
                let peer = try await Peer.connect(to: server.address)
                try await peer.send([1])
                #expect(try await peer.receive(1) == [1])
                peers.append(peer)
                open.append(try await ids.next())
            }
            let connections = open
            await loop.run { body(loop, connections) }
            try await afterwards(loop)
            for peer in peers { peer.close() }
        }
    }

    @Test("In each iteration a few waiting connections receive, and the loop does not sleep meanwhile")
    func turns() async throws {
        try await withConnections(200) { loop, ids in
            for id in ids { loop.driver.awaitReceiveTurn(id) }
            loop.driver.beginReceiveTurns()
            #expect(loop.driver.receiveQueue.count == 200 - 64)
            #expect(ids.prefix(64).allSatisfy { loop.driver.connections[$0].receiving.parking == .none })
            #expect(ids.dropFirst(64).allSatisfy { loop.driver.connections[$0].receiving.parking == .forTurn })
        } afterwards: { loop in
            // Nothing else wakes the loop.
            try await Task.sleep(for: .milliseconds(200))
            #expect(await loop.run { loop.driver.receiveQueue.isEmpty })
        }
    }

    @Test("A closed connection does not wait for its turn, nor does the next one in its slot")
    func closedMeanwhile() async throws {
        let (gate, ids) = (Gate(), Channel<ConnectionID>())
        let handler: TCPServer.Handler = { connection in
            while try await connection.read() != nil {}
            ids.send(connection.id)
            await gate.wait()
        }
        try await withServer(configuration: Self.configuration, handler: handler) { server in
            let loop = server.group.next()
            let peer = try await Peer.connect(to: server.address)
            // No receive is in flight after the end of the stream: the connection can be closed at once.
            peer.finish()
            let id = try await ids.next()
            await loop.run {
                loop.driver.awaitReceiveTurn(id)
                loop.driver.reset(id, failure: ConnectionError.shutDownCode)
                #expect(loop.driver.connections[id].descriptor < 0)
                #expect(loop.driver.receiveQueue.count == 0)
                #expect(loop.driver.connections[id].receiving.parking == .none)
            }
            gate.open()
            try await eventually { await server.group.statistics().connections == 0 }
            let next = try await Peer.connect(to: server.address)
            next.finish()
            #expect(try await ids.next().index == id.index)
            #expect(try await next.receiveAll().isEmpty)
        }
    }

    @Test("Only a peer that has more to send waits for its turn, and only while memory is tight")
    func order() async throws {
        try await withConnections(1) { loop, ids in
            loop.driver.connections[ids[0]].receiving.hints.remove(.pollFirst)
            #expect(!loop.driver.mustAwaitReceiveTurn(ids[0]))
            _ = loop.driver.memory.value.update(queuedBytes: loop.driver.memory.value.byteCount)
            #expect(loop.driver.mustAwaitReceiveTurn(ids[0]))
            loop.driver.connections[ids[0]].receiving.hints.insert(.pollFirst)
            #expect(!loop.driver.mustAwaitReceiveTurn(ids[0]))
        }
    }

    @Test("While memory is tight, what a receive may bring counts as queued until the receive has ended")
    func promises() async throws {
        try await withConnections(1) { loop, ids in
            let before = loop.driver.memoryThreshold
            loop.driver.promise(64 << 10, to: ids[0])
            #expect(loop.driver.memoryThreshold == before)
            _ = loop.driver.memory.value.update(queuedBytes: loop.driver.memory.value.byteCount)
            #expect(loop.driver.memoryThreshold == before - (8 << 10))
            loop.driver.endPromise(ids[0])
            #expect(loop.driver.memoryThreshold == before)
            // No receive brings more than a chunk.
            loop.driver.promise(1 << 30, to: ids[0])
            #expect(loop.bytesPromised == ConnectionDriver.bulkSize)
            loop.driver.endPromise(ids[0])
            #expect(loop.bytesPromised == 0)
        }
    }

    @Test("Receives that were given more room than there is now are cancelled")
    func shortage() async throws {
        try await withConnections(3) { loop, ids in
            loop.driver.memoryBecameTight()
            #expect(ids.allSatisfy { loop.driver.connections[$0].receiving.operation == .cancelling(.small) })
        }
    }

    @Test("After a shortage no mark remains that would shed a connection in the next one")
    func marks() async throws {
        try await withConnections(1) { loop, ids in
            loop.driver.bufferQueue.append(ids[0])
            loop.driver.watchStarvation()
            #expect(loop.driver.starvationTimer.value != nil)
            loop.driver.progressMarks.value[ids[0]] = ProgressMark(moved: 0, delivered: 0, received: 0)
            _ = loop.driver.bufferQueue.popFirst()
            loop.driver.endStarvation()
            #expect(loop.driver.progressMarks.value.isEmpty)
            #expect(loop.driver.starvationTimer.value == nil)
        }
    }
}
