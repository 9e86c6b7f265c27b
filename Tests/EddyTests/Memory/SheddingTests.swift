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
        _ body: (EventLoop, [UInt32], [Peer]) async throws -> Void
    ) async throws {
        let (slots, gate) = (Channel<UInt32>(), Gate())
        let handler: TCPServer.Handler = { connection in
            _ = try await connection.read(exactly: 1)
            slots.send(connection.slot)
            if let message { _ = try await connection.read(exactly: message) } else { await gate.wait() }
        }
        try await withServer(grace: .zero, handler: handler) { server in
            let loop = server.group.next()
            var (peers, connections): ([Peer], [UInt32]) = ([], [])
            for byteCount in byteCounts {
                let peer = try await Peer.connect(to: server.address)
                try await peer.send([0])
                let slot = try await slots.next()
                peers.append(peer)
                connections.append(slot)
                try await receive(byteCount, from: peer, on: slot, of: loop)
            }
            try await body(loop, connections, peers)
            gate.open()
            for peer in peers { peer.close() }
        }
    }

    /// Sends bytes, and waits until the loop has received them.
    private func receive(_ byteCount: Int, from peer: Peer, on slot: UInt32, of loop: EventLoop) async throws {
        let before = await loop.run { loop.connections[slot].inbound.byteCount }
        async let sending: Void = peer.send([UInt8](repeating: 1, count: byteCount))
        try await eventually {
            await loop.run { loop.connections[slot].inbound.byteCount } == before + UInt32(byteCount)
        }
        try await sending
    }

    @Test("Of the connections without progress, the one that holds most is reset, and its memory is free at once")
    func largestHolder() async throws {
        try await withHolders(of: [1000, 3000, 2000]) { loop, slots, _ in
            await loop.run {
                let failed = { slots.map { loop.connections[$0].hasFailed } }
                loop.lookAtStarvation(of: slots[0], since: [:])
                // Whether they progress is not known yet.
                #expect(failed() == [false, false, false])
                loop.lookAtStarvation(of: slots[0], since: loop.progressMarks.value)
                #expect(failed() == [false, true, false])
                #expect(loop.connections[slots[1]].inbound.isEmpty)
                #expect(loop.counters.connectionsEvicted == 1)
                loop.endStarvation()
            }
        }
    }

    @Test("A message that grows by more than a 64th is not shed")
    func growth() async throws {
        try await withHolders(of: [1000], waitingFor: 64_000) { loop, slots, peers in
            let hasFailed = { await loop.run { loop.connections[slots[0]].hasFailed } }
            let first = await loop.run { loop.lookAtStarvation(of: slots[0], since: [:]) }
            try await receive(1001, from: peers[0], on: slots[0], of: loop)
            let second = await loop.run { loop.lookAtStarvation(of: slots[0], since: first) }
            try #require(await !hasFailed())
            try await receive(1000, from: peers[0], on: slots[0], of: loop)
            _ = await loop.run { loop.lookAtStarvation(of: slots[0], since: second) }
            #expect(await hasFailed())
        }
    }
}

extension EventLoop {
    /// Makes the time for which receives wait for memory expire, as that of `slot` does.
    ///
    /// - Returns: the progress of the connections.
    @discardableResult
    fileprivate func lookAtStarvation(of slot: UInt32, since marks: [UInt32: ProgressMark]) -> [UInt32: ProgressMark] {
        endStarvation()
        progressMarks.value = marks
        starvedQueue.append(slot)
        starvationTimedOut()
        _ = starvedQueue.popFirst()
        return progressMarks.value
    }
}
