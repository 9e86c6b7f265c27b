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
        _ body: @escaping @Sendable (EventLoop, [UInt32]) -> Void,
        afterwards: (EventLoop) async throws -> Void = { _ in }
    ) async throws {
        let slots = Channel<UInt32>()
        let handler: TCPServer.Handler = { connection in
            slots.send(connection.slot)
            try await echo(connection)
        }
        try await withServer(configuration: Self.configuration, handler: handler) { server in
            let loop = server.group.next()
            var (peers, open): ([Peer], [UInt32]) = ([], [])
            for _ in 0..<count {
                let peer = try await Peer.connect(to: server.address)
                try await peer.send([1])
                #expect(try await peer.receive(1) == [1])
                peers.append(peer)
                open.append(try await slots.next())
            }
            let connections = open
            await loop.run { body(loop, connections) }
            try await afterwards(loop)
            for peer in peers { peer.close() }
        }
    }

    @Test("In each iteration a few waiting connections receive, and the loop does not sleep meanwhile")
    func turns() async throws {
        try await withConnections(200) { loop, slots in
            for slot in slots { loop.awaitReceiveTurn(slot) }
            loop.beginReceiveTurns()
            #expect(loop.receiveQueue.count == 200 - 64)
            #expect(slots.prefix(64).allSatisfy { !loop.connections[$0].flags.contains(.awaitsReceiveTurn) })
            #expect(slots.dropFirst(64).allSatisfy { loop.connections[$0].flags.contains(.awaitsReceiveTurn) })
        } afterwards: { loop in
            // Nothing else wakes the loop.
            try await Task.sleep(for: .milliseconds(200))
            #expect(await loop.run { loop.receiveQueue.isEmpty })
        }
    }

    @Test("A closed connection does not wait for its turn, nor does the next one in its slot")
    func closedMeanwhile() async throws {
        let (gate, slots) = (Gate(), Channel<UInt32>())
        let handler: TCPServer.Handler = { connection in
            while try await connection.read() != nil {}
            slots.send(connection.slot)
            await gate.wait()
        }
        try await withServer(configuration: Self.configuration, handler: handler) { server in
            let loop = server.group.next()
            let peer = try await Peer.connect(to: server.address)
            // No receive is in flight after the end of the stream: the connection can be closed at once.
            peer.finish()
            let slot = try await slots.next()
            await loop.run {
                loop.awaitReceiveTurn(slot)
                loop.reset(slot, failure: ConnectionError.shutDownCode)
                #expect(loop.connections[slot].descriptor < 0)
                #expect(loop.receiveQueue.count == 0)
                #expect(!loop.connections[slot].flags.contains(.awaitsReceiveTurn))
            }
            gate.open()
            try await eventually { await server.group.statistics().connections == 0 }
            let next = try await Peer.connect(to: server.address)
            next.finish()
            #expect(try await slots.next() == slot)
            #expect(try await next.receiveAll().isEmpty)
        }
    }

    @Test("Only a peer that has more to send waits for its turn, and only while memory is tight")
    func order() async throws {
        try await withConnections(1) { loop, slots in
            loop.connections[slots[0]].flags.remove(.warm)
            #expect(!loop.mustAwaitReceiveTurn(slots[0]))
            _ = loop.memory.value.update(queuedBytes: loop.memory.value.byteCount)
            #expect(loop.mustAwaitReceiveTurn(slots[0]))
            loop.connections[slots[0]].flags.insert(.warm)
            #expect(!loop.mustAwaitReceiveTurn(slots[0]))
        }
    }

    @Test("While memory is tight, what a receive may bring counts as queued until the receive has ended")
    func promises() async throws {
        try await withConnections(1) { loop, slots in
            let before = loop.memoryThreshold
            loop.promise(64 << 10, to: slots[0])
            #expect(loop.memoryThreshold == before)
            _ = loop.memory.value.update(queuedBytes: loop.memory.value.byteCount)
            #expect(loop.memoryThreshold == before - (8 << 10))
            loop.endPromise(slots[0])
            #expect(loop.memoryThreshold == before)
            // No receive brings more than a chunk.
            loop.promise(1 << 30, to: slots[0])
            #expect(loop.bytesPromised == EventLoop.bulkSize)
            loop.endPromise(slots[0])
            #expect(loop.bytesPromised == 0)
        }
    }

    @Test("Receives that were given more room than there is now are cancelled")
    func shortage() async throws {
        try await withConnections(3) { loop, slots in
            loop.memoryBecameTight()
            #expect(slots.allSatisfy { loop.connections[$0].flags.contains(.cancellingReceive) })
        }
    }

    @Test("After a shortage no mark remains that would shed a connection in the next one")
    func marks() async throws {
        try await withConnections(1) { loop, slots in
            loop.starvedQueue.append(slots[0])
            loop.watchStarvation()
            #expect(loop.starvationTimer.value != .none)
            loop.progressMarks.value[slots[0]] = ProgressMark(generation: 0, moved: 0, delivered: 0, received: 0)
            _ = loop.starvedQueue.popFirst()
            loop.endStarvation()
            #expect(loop.progressMarks.value.isEmpty)
            #expect(loop.starvationTimer.value == .none)
        }
    }
}
