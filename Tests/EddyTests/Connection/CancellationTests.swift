import Eddy
import Testing

@testable import Eddy

/// A cancelled task stops waiting, and loses no bytes.
@Suite("connections: cancellation", .serialized, .timeLimit(.minutes(5)))
struct CancellationTests {
    /// Runs `body` with a connection to a peer, in a task that the test can cancel.
    private func withConnection(
        _ set: FeatureSet,
        _ body: @escaping @Sendable (consuming Connection) async throws -> Void,
        test: (Peer, Task<Void, any Error>) async throws -> Void
    ) async throws {
        let listener = try PeerListener()
        try await withLoops(set, configuration: .patient) { group in
            let loop = group.next()
            let task = Task {
                try await loop.run { try await loop.connect(to: listener.address) { try await body($0) } }
            }
            try await test(try await listener.accept(), task)
            try await eventually { await group.statistics().connections == 0 }
            expectBalance(await group.statistics())
        }
    }

    @Test("Cancelling a waiting read ends it, and bytes that arrive later are not lost", arguments: FeatureSet.allCases)
    func whileReading(set: FeatureSet) async throws {
        let (waiting, cancelled, rest) = (Channel<Void>(), Channel<ConnectionError?>(), Channel<(Peer, [UInt8])>())
        try await withConnection(set) { connection in
            waiting.send(())
            cancelled.send(await connection.errorOfReading())
            // The read has ended, but both directions still work.
            try await connection.write("still here")
            #expect(await connection.errorOfReading() == .cancelled)
            while connection.queuedBytes > 0 { await Task.yield() }
            let detached = try await connection.detach()
            rest.send((Peer(detached.descriptor), Array(detached.received)))
        } test: { peer, task in
            try await waiting.next()
            task.cancel()
            #expect(try await cancelled.next() == .cancelled)
            #expect(try await peer.receive(10) == Array("still here".utf8))
            try await peer.send(Array("bytes".utf8))
            let (other, received) = try await rest.next()
            #expect(received + (try await other.receive(5 - received.count)) == Array("bytes".utf8))
            try await task.value
            peer.close()
            other.close()
        }
    }

    @Test("A cancelled task ends although its peer floods it", arguments: FeatureSet.allCases)
    func whileFlooded(set: FeatureSet) async throws {
        let (flowing, errors) = (Channel<Void>(), Channel<ConnectionError>())
        try await withConnection(set) { connection in
            var count = 0
            do throws(ConnectionError) {
                while let bytes = try await connection.read() {
                    count += bytes.count
                    if count > 1 << 20, count - bytes.count <= 1 << 20 { flowing.send(()) }
                }
            } catch { errors.send(error) }
            connection.reset()
        } test: { peer, task in
            let flood = Task { while true { try await peer.send([UInt8](repeating: 1, count: 1 << 20)) } }
            try await flowing.next()
            task.cancel()
            #expect(try await errors.next() == .cancelled)
            await #expect(throws: (any Error).self) { try await flood.value }
            try await task.value
        }
    }

    @Test("Cancelling the read of a partial message leaves the received part", arguments: FeatureSet.allCases)
    func withinMessage(set: FeatureSet) async throws {
        let (waiting, cancelled, seen) = (Channel<Void>(), Channel<ConnectionError?>(), Channel<[UInt8]>())
        try await withConnection(set) { connection in
            let (loop, id) = (connection.eventLoop, connection.id)
            while loop.driver.connections[id].receiving.queue.byteCount < 7 { await Self.armed(connection) }
            waiting.send(())
            do throws(ConnectionError) {
                _ = try await connection.readFrame(limit: 100)
                cancelled.send(nil)
            } catch { cancelled.send(error) }
            seen.send(try await connection.gather(7))
        } test: { peer, task in
            try await peer.send([0, 0, 0, 9, 1, 2, 3])
            try await waiting.next()
            task.cancel()
            #expect(try await cancelled.next() == .cancelled)
            #expect(try await seen.next() == [0, 0, 0, 9, 1, 2, 3])
            try await task.value
            peer.close()
        }
    }

    /// Starts a receive without reading.
    private static func armed(_ connection: borrowing Connection) async {
        connection.eventLoop.driver.armReceive(connection.id)
        await Task.yield()
    }

    @Test("A task that was already cancelled reads buffered bytes and does not wait", arguments: FeatureSet.allCases)
    func beforeReading(set: FeatureSet) async throws {
        let (started, gate, seen) = (Channel<Void>(), Gate(), Channel<[UInt8]>())
        try await withConnection(set) { connection in
            let (loop, id) = (connection.eventLoop, connection.id)
            while loop.driver.connections[id].receiving.queue.byteCount < 4 { await Self.armed(connection) }
            // Cancelled while no operation of the connection waits.
            started.send(())
            await gate.wait()
            while loop.driver.connections[id].receiving.interruption != .cancelled { await Task.yield() }
            seen.send(try await connection.gather(4))
            #expect(await connection.errorOfReading() == .cancelled)
            throw ConnectionError.cancelled
        } test: { peer, task in
            try await peer.send([1, 2, 3, 4])
            try await started.next()
            task.cancel()
            gate.open()
            #expect(try await seen.next() == [1, 2, 3, 4])
            await #expect(throws: ConnectionError.cancelled) { try await task.value }
            peer.close()
        }
    }

    @Test("Cancelling a blocked write ends it, and queued bytes are still sent", arguments: FeatureSet.allCases)
    func whileWriting(set: FeatureSet) async throws {
        let (waiting, errors) = (Channel<Void>(), Channel<(ConnectionError?, Int)>())
        let piece = randomBytes(64 << 10)
        try await withConnection(set) { connection in
            var written = 0
            while true {
                if Int(connection.queuedBytes) + piece.count > connection.eventLoop.configuration.highWatermark {
                    waiting.send(())
                }
                written += 1
                do throws(ConnectionError) { try await connection.write(piece) } catch {
                    errors.send((error, written))
                    return
                }
            }
        } test: { peer, task in
            try await waiting.next()
            task.cancel()
            let (error, written) = try await errors.next()
            #expect(error == .cancelled)
            // The body has returned, so the connection ends gracefully, with every byte.
            let received = try await peer.receiveAll()
            #expect(received.count == written * piece.count)
            #expect(received.suffix(piece.count).elementsEqual(piece))
            peer.close()
            try await task.value
        }
    }

    /// Operations that wait until everything is sent.
    enum Flush: CaseIterable { case detach, endWriting }

    @Test("Cancelling a wait for the queue to drain still sends the queued bytes", arguments: Flush.allCases)
    func whileFlushing(flush: Flush) async throws {
        let errors = Channel<ConnectionError?>()
        let written = randomBytes(4 << 20)
        try await withConnection(.all) { connection in
            try connection.set(.sendBufferSize(256 << 10))
            connection.setWatermarks(low: 1, high: 64 << 20)
            try await connection.write(written)
            errors.send(nil)
            do throws(ConnectionError) {
                switch flush {
                case .endWriting: try await connection.endWriting()
                case .detach: _ = try await connection.detach()
                }
                errors.send(nil)
            } catch { errors.send(error) }
        } test: { peer, task in
            #expect(try await errors.next() == nil)
            task.cancel()
            #expect(try await errors.next() == .cancelled)
            #expect(difference(try await peer.receiveAll(), from: written) == nil)
            peer.close()
            try await task.value
        }
    }

    @Test("A cancellation that races with received bytes loses none of them", arguments: FeatureSet.allCases)
    func racing(set: FeatureSet) async throws {
        var races = 0
        for round in 0..<20 {
            let rest = Channel<(Peer, [UInt8])>()
            try await withConnection(set) { connection in
                var received: [UInt8] = []
                do {
                    while let bytes = try await connection.read() { received += Array(bytes) }
                } catch {}
                let detached = try await connection.detach()
                rest.send((Peer(detached.descriptor), received + Array(detached.received)))
            } test: { peer, task in
                async let sent: Void = peer.send(Array(0..<50), inPiecesUpTo: 3, seed: UInt64(round))
                for _ in 0..<round * 3 { await Task.yield() }
                task.cancel()
                // Cancelled before it connected: the server saw no peer.
                if case .failure = await task.result {
                    try? await sent
                    return peer.close()
                }
                try await sent
                let (other, received) = try await rest.next()
                #expect(received + (try await other.receive(50 - received.count)) == Array(0..<50))
                races += 1
                peer.close()
                other.close()
            }
        }
        #expect(races > 0)
    }
}
