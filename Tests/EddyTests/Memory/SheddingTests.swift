import Eddy
import EddyBuffers
import Testing

@testable import Eddy

/// Which connections are reset when receives wait for memory.
@Suite("memory: shedding", .serialized, .timeLimit(.minutes(5)))
struct SheddingTests {
    /// Connections with known numbers of received bytes, on a loop that does nothing else.
    ///
    /// - Parameter message: bytes that each handler waits for; nil: it waits for something else.
    private func withHolders(
        of byteCounts: [Int],
        waitingFor message: Int? = nil,
        _ body: (EventLoop, [ConnectionID], [Peer]) async throws -> Void
    ) async throws {
        let (ids, gate) = (Channel<ConnectionID>(), Gate())
        let handler: TCPServer.Handler = { connection in
            _ = try await connection.read(exactly: 1)
            ids.send(connection.id)
            if let message { _ = try await connection.read(exactly: message) } else { await gate.wait() }
        }
        try await withServer(grace: .zero, handler: handler) { server in
            let loop = server.group.next()
            var (peers, connections): ([Peer], [ConnectionID]) = ([], [])
            for byteCount in byteCounts {
                let peer = try await Peer.connect(to: server.address)
                try await peer.send([0])
                let id = try await ids.next()
                peers.append(peer)
                connections.append(id)
                try await receive(byteCount, from: peer, on: id, of: loop)
            }
            try await body(loop, connections, peers)
            gate.open()
            for peer in peers { peer.close() }
        }
    }

    /// Sends bytes, and waits until the loop has received them.
    private func receive(_ byteCount: Int, from peer: Peer, on id: ConnectionID, of loop: EventLoop) async throws {
        let before = await loop.run { loop.driver.connections[id].receiving.queue.byteCount }
        async let sending: Void = peer.send([UInt8](repeating: 1, count: byteCount))
        try await eventually {
            await loop.run { loop.driver.connections[id].receiving.queue.byteCount } == before + UInt32(byteCount)
        }
        try await sending
    }

    @Test("Of the connections without progress, the one that holds most is reset, and its memory is free at once")
    func largestHolder() async throws {
        try await withHolders(of: [1000, 3000, 2000]) { loop, ids, _ in
            await loop.run {
                let failed = { ids.map { loop.driver.connections[$0].lifecycle.hasFailed } }
                loop.lookAtStarvation(of: ids[0], since: [:])
                // Whether they progress is not known yet.
                #expect(failed() == [false, false, false])
                loop.lookAtStarvation(of: ids[0], since: loop.driver.progressMarks.value)
                #expect(failed() == [false, true, false])
                #expect(loop.driver.connections[ids[1]].receiving.queue.isEmpty)
                #expect(loop.driver.counters.connectionsEvicted == 1)
                loop.driver.endStarvation()
            }
        }
    }

    @Test("A message that grows by more than a 64th is not shed")
    func growth() async throws {
        try await withHolders(of: [1000], waitingFor: 64_000) { loop, ids, peers in
            let hasFailed = { await loop.run { loop.driver.connections[ids[0]].lifecycle.hasFailed } }
            let first = await loop.run { loop.lookAtStarvation(of: ids[0], since: [:]) }
            try await receive(1001, from: peers[0], on: ids[0], of: loop)
            let second = await loop.run { loop.lookAtStarvation(of: ids[0], since: first) }
            try #require(await !hasFailed())
            try await receive(1000, from: peers[0], on: ids[0], of: loop)
            _ = await loop.run { loop.lookAtStarvation(of: ids[0], since: second) }
            #expect(await hasFailed())
        }
    }
}

extension EventLoop {
    /// Makes the time for which receives wait for memory expire, as that of `slot` does.
    ///
    /// - Returns: the progress of the connections.
    @discardableResult
    fileprivate func lookAtStarvation(
        of id: ConnectionID,
        since marks: [ConnectionID: ProgressMark]
    ) -> [ConnectionID: ProgressMark] {
        driver.endStarvation()
        driver.progressMarks.value = marks
        driver.bufferQueue.append(id)
        driver.starvationTimedOut()
        _ = driver.bufferQueue.popFirst()
        return driver.progressMarks.value
    }
}
