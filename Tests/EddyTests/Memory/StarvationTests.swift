import Eddy
import EddyBuffers
import EddyRing
import Testing

@testable import Eddy

/// A pool at its limit pauses connections, and resumes them in order when memory is free again.
@Suite("memory: starvation", .serialized, .timeLimit(.minutes(5)))
struct StarvationTests {
    /// One slab: two chunks if they are filled incrementally, and 128 small ones otherwise.
    private static var tiny: EventLoop.Configuration {
        var configuration = EventLoop.Configuration()
        configuration.pool = BufferPool.Configuration(receiveChunkSize: 1 << 20, maximumBytes: 4 << 20)
        // However slow the machine is, no connection is reset for waiting.
        configuration.starvationTimeout = .seconds(1000)
        return configuration
    }

    /// The feature sets with two chunks.
    private static let incremental = [FeatureSet.all, .noReceiveLimits, .noInlineSends]
        .filter(\.features.incrementalBuffers)

    @Test("Fifty connections share two megabytes and get all their bytes", arguments: FeatureSet.allCases)
    func fiftyConnections(set: FeatureSet) async throws {
        let gate = Gate()
        let handler: TCPServer.Handler = { connection in
            // Bytes received meanwhile wait in the pool, and they are more than the pool holds.
            guard let first = try await connection.read() else { return }
            await gate.wait()
            try await connection.write(first)
            while let bytes = try await connection.read() { try await connection.write(bytes) }
        }
        let statistics = try await withServer(set, configuration: Self.tiny, handler: handler) { server in
            try await withThrowingTaskGroup { tasks in
                for number in 0..<50 {
                    tasks.addTask {
                        let peer = try await Peer.connect(to: server.address)
                        let sent = randomBytes(100_000, seed: UInt64(number) + 1)
                        async let received = peer.receiveAll()
                        try await peer.send(sent)
                        peer.finish()
                        #expect(difference(try await received, from: sent) == nil)
                    }
                }
                tasks.addTask {
                    // With small chunks nothing starves: each connection may hold less.
                    try await eventually {
                        let statistics = await server.group.statistics()
                        return statistics.starvations + statistics.memoryShortages > 0
                    }
                    gate.open()
                }
                try await tasks.waitForAll()
            }
        }
        #expect(statistics.starvations + statistics.memoryShortages > 0)
        #expect(statistics.connectionsEvicted == 0)
        #expect(statistics.pool.slabs == 1)
        #expect(statistics.bytesReceived == 5_000_000)
    }

    @Test("A slow consumer's slices cost memory, not the others' bytes", arguments: FeatureSet.allCases)
    func slowConsumer(set: FeatureSet) async throws {
        let gate = Gate()
        let isFirst = Channel<Void>()
        let handler: TCPServer.Handler = { connection in
            guard let first = try await connection.read() else { return }
            if first[0] == 1 {
                // Holds a slice for as long as the others work.
                isFirst.send(())
                await gate.wait()
            }
            try await connection.write(first)
            while let bytes = try await connection.read() { try await connection.write(bytes) }
        }
        try await withServer(set, configuration: Self.tiny, handler: handler) { server in
            let slow = try await Peer.connect(to: server.address)
            try await slow.send([1])
            try await isFirst.next()
            let fast = try await Peer.connect(to: server.address)
            let sent = [2] + randomBytes(4 << 20)
            async let received = fast.receive(sent.count)
            try await fast.send(sent)
            #expect(difference(try await received, from: sent) == nil)
            fast.close()
            gate.open()
            #expect(try await slow.receive(1) == [1])
            slow.close()
        }
    }

    // The loop must notice free memory by itself: nothing else wakes it in the tests below.

    /// One chunk: while a slice of it is held, nothing else can be received.
    private static var single: EventLoop.Configuration {
        var configuration = tiny
        configuration.pool.receiveChunkSize = 2 << 20
        return configuration
    }

    /// Stops the timers that would wake a sleeping loop within a second, while receives wait for memory.
    private static func stopTimers(of loop: EventLoop) async {
        await loop.run {
            loop.driver.stopWatchingUnread()
            let trimming = OperationToken(kind: OperationKind.trimMemory.rawValue)
            loop.driver.submit(.cancel(trimming, token: OperationToken(kind: OperationKind.cancel.rawValue)))
        }
    }

    /// Reads and keeps the given number of bytes.
    private static func keep(
        _ byteCount: Int,
        of connection: borrowing Connection
    ) async throws(ConnectionError) -> [Carrier] {
        var carriers: [Carrier] = []
        var left = byteCount
        while left > 0, let bytes = try await connection.read() {
            left -= bytes.count
            carriers.append(Carrier(bytes))
        }
        return carriers
    }

    @Test("Memory that a handler drops lets others receive", arguments: Self.incremental)
    func droppedByAHandler(set: FeatureSet) async throws {
        let (gate, end) = (Gate(), Gate())
        let handler: TCPServer.Handler = { connection in
            guard let first = try await connection.read() else { return }
            guard first[0] == 1 else { return try await connection.write(first) }
            let carriers = try await Self.keep((2 << 20) - first.count, of: connection)
            await gate.wait()
            // Drops everything received so far, and does nothing further.
            for carrier in carriers { carrier.drop() }
            _ = consume first
            await end.wait()
        }
        try await withServer(set, configuration: Self.single, handler: handler) { server in
            let greedy = try await Peer.connect(to: server.address)
            async let sending: Void = greedy.send([UInt8](repeating: 1, count: 2 << 20))
            try await eventually { await server.group.statistics().bytesReceived == 2 << 20 }
            try await sending
            let starving = try await Peer.connect(to: server.address)
            try await starving.send([2])
            try await eventually { await server.group.statistics().starvations > 0 }
            gate.open()
            #expect(try await starving.receive(1) == [2])
            end.open()
            greedy.close()
            starving.close()
        }
    }

    @Test("Memory that a send has used lets others receive", arguments: Self.incremental)
    func sentInline(set: FeatureSet) async throws {
        let gate = Gate()
        let (held, discarded) = (Channel<Void>(), Channel<Int>())
        let handler: TCPServer.Handler = { connection in
            guard let first = try await connection.read() else { return }
            if first[0] == 1 {
                // A slice of the chunk, small enough to be sent by one system call.
                held.send(())
                await gate.wait()
                try await connection.write(first)
                while try await connection.read() != nil {}
            } else {
                discarded.send(first.count)
                _ = consume first
                while let bytes = try await connection.read() { discarded.send(bytes.count) }
            }
        }
        try await withServer(set, configuration: Self.single, handler: handler) { server in
            let holder = try await Peer.connect(to: server.address)
            try await holder.send([1])
            try await held.next()
            let greedy = try await Peer.connect(to: server.address)
            async let sending: Void = greedy.send([UInt8](repeating: 2, count: 3 << 20))
            try await eventually { await server.group.statistics().starvations > 0 }
            await Self.stopTimers(of: server.group.next())
            gate.open()
            // Fails if the loop sleeps despite the free memory: then nothing more is received.
            try await sending
            var count = 0
            while count < 3 << 20 { count += try await discarded.next() }
            #expect(try await holder.receive(1) == [1])
            holder.close()
            greedy.close()
        }
    }

    @Test("Memory that another thread drops lets others receive", arguments: Self.incremental)
    func droppedByAnotherThread(set: FeatureSet) async throws {
        let (end, kept) = (Gate(), Channel<[Carrier]>())
        let handler: TCPServer.Handler = { connection in
            guard let first = try await connection.read() else { return }
            guard first[0] == 1 else { return try await connection.write(first) }
            let rest = try await Self.keep((2 << 20) - first.count, of: connection)
            kept.send([Carrier(first)] + rest)
            await end.wait()
        }
        try await withServer(set, configuration: Self.single, handler: handler) { server in
            defer { end.open() }
            let greedy = try await Peer.connect(to: server.address)
            try await greedy.send([UInt8](repeating: 1, count: 2 << 20))
            let carriers = try await kept.next()
            let starving = try await Peer.connect(to: server.address)
            try await starving.send([2])
            try await eventually { await server.group.statistics().starvations > 0 }
            await Self.stopTimers(of: server.group.next())
            // By then the loop is asleep: only the returned memory wakes it.
            try await Task.sleep(for: .milliseconds(100))
            for carrier in carriers { carrier.drop() }
            #expect(try await starving.receive(1) == [2])
            greedy.close()
            starving.close()
        }
    }

    @Test("A loop without chunks sleeps although a connection awaits its turn to receive", arguments: Self.incremental)
    func turnWithoutChunks(set: FeatureSet) async throws {
        let (end, kept) = (Gate(), Channel<(id: ConnectionID, carriers: [Carrier])>())
        let handler: TCPServer.Handler = { connection in
            guard let first = try await connection.read(), first[0] == 1 else { return }
            let carriers = try await Self.keep((2 << 20) - first.count, of: connection)
            kept.send((connection.id, [Carrier(first)] + carriers))
            await end.wait()
        }
        try await withServer(set, configuration: Self.single, handler: handler) { server in
            defer { end.open() }
            let greedy = try await Peer.connect(to: server.address)
            try await greedy.send([UInt8](repeating: 1, count: 2 << 20))
            let (id, carriers) = try await kept.next()
            let loop = server.group.next()
            let starving = try await Peer.connect(to: server.address)
            try await starving.send([2])
            try await eventually { await server.group.statistics().starvations > 0 }
            await Self.stopTimers(of: loop)
            await loop.run {
                loop.driver.leaveQueues(id)
                loop.driver.awaitReceiveTurn(id)
            }
            let before = await loop.statistics().iterations
            try await Task.sleep(for: .milliseconds(100))
            // A loop that does not sleep does thousands.
            #expect(await loop.statistics().iterations - before < 100)
            for carrier in carriers { carrier.drop() }
            greedy.close()
            starving.close()
        }
    }

    @Test("Buffers that handlers keep stop no other connection", arguments: FeatureSet.allCases)
    func keptByHandlers(set: FeatureSet) async throws {
        let gate = Gate()
        let handler: TCPServer.Handler = { connection in
            guard let first = try await connection.read() else { return }
            if first[0] == 1 {
                // One buffer of each of many receives, in addition to those of the active connection.
                await gate.wait()
                return try await connection.write(first)
            }
            try await connection.write(first)
            while let bytes = try await connection.read() { try await connection.write(bytes) }
        }
        var configuration = Self.tiny
        configuration.pool.receiveChunkSize = 64 << 10
        let statistics = try await withServer(set, configuration: configuration, handler: handler) { server in
            let busy = try await Peer.connect(to: server.address)
            var holders: [Peer] = []
            let message = [2] + randomBytes(100_000)
            for _ in 0..<100 {
                let holder = try await Peer.connect(to: server.address)
                try await holder.send([1])
                holders.append(holder)
                async let received = busy.receive(message.count)
                try await busy.send(message)
                #expect(difference(try await received, from: message) == nil)
            }
            gate.open()
            for holder in holders {
                #expect(try await holder.receive(1) == [1])
                holder.close()
            }
            busy.close()
        }
        #expect(statistics.copies > 0)
        #expect(statistics.connectionsEvicted == 0)
        #expect(statistics.pool.mappedBytesPeak <= 4 << 20)
    }

    @Test(
        "A closing connection that found no memory sees its peer's end once memory is free",
        arguments: Self.incremental
    )
    func closing(set: FeatureSet) async throws {
        let gate = Gate()
        let handler: TCPServer.Handler = { connection in
            guard let first = try await connection.read() else { return }
            // This handler closes its connection; its peer does not, yet.
            guard first[0] == 1 else { return try await connection.write(first) }
            let carriers = try await Self.keep((2 << 20) - 1 - first.count, of: connection)
            await gate.wait()
            for carrier in carriers { carrier.drop() }
            _ = consume first
            while try await connection.read() != nil {}
        }
        var configuration = Self.single
        configuration.closeTimeout = .seconds(1000)
        try await withServer(set, configuration: configuration, handler: handler) { server in
            let leaving = try await Peer.connect(to: server.address)
            try await leaving.send([2])
            #expect(try await leaving.receiveAll() == [2])
            let greedy = try await Peer.connect(to: server.address)
            try await greedy.send([UInt8](repeating: 1, count: 2 << 20 - 1))
            try await eventually { await server.group.statistics().bytesReceived == 2 << 20 }
            try await leaving.send([3])
            try await eventually { await server.group.statistics().starvations > 0 }
            gate.open()
            leaving.close()
            try await eventually { await server.group.statistics().connections == 1 }
            greedy.close()
        }
    }
}
