import Eddy
import EddyBuffers
import Glibc
import Testing

@testable import Eddy

/// One task reads while another writes.
@Suite("connections: concurrent reading and writing", .serialized, .timeLimit(.minutes(5)))
struct ConcurrentTests {
    private struct Mistake: Error {}

    @Test("Both directions flow without waiting for each other", arguments: FeatureSet.allCases)
    func bothWays(set: FeatureSet) async throws {
        let (upload, download) = (randomBytes(3 << 20, seed: 1), randomBytes(3 << 20, seed: 2))
        let outcome = Channel<String?>()
        let handler: TCPServer.Handler = { connection in
            let loop = connection.eventLoop
            try await connection.concurrently { reader in
                #expect(loop.isCurrent)
                var received: [UInt8] = []
                while let bytes = try await reader.read() { received += Array(bytes) }
                outcome.send(difference(received, from: upload))
            } writing: { writer in
                #expect(loop.isCurrent)
                for start in stride(from: 0, to: download.count, by: 50_000) {
                    let piece = download[start..<min(start + 50_000, download.count)]
                    try await writer.write(copying: Array(piece).span)
                }
                try await writer.endWriting()
            }
            // Afterwards one task uses the connection again.
            #expect(try await connection.isAtEnd())
        }
        try await withServer(set, configuration: .patient, handler: handler) { server in
            let peer = try await Peer.connect(to: server.address, receiveBuffer: 4096)
            // Sends everything before it receives anything; an echo server would deadlock.
            try await peer.send(upload)
            peer.finish()
            #expect(difference(try await peer.receiveAll(), from: download) == nil)
            #expect(try await outcome.next() == nil)
        }
    }

    @Test("When one side throws, the other is cancelled, and the connection works on", arguments: FeatureSet.allCases)
    func oneSideThrows(set: FeatureSet) async throws {
        let errors = Channel<ConnectionError?>()
        let handler: TCPServer.Handler = { connection in
            await #expect(throws: Mistake.self) {
                try await connection.concurrently { reader in
                    do throws(ConnectionError) {
                        _ = try await reader.readLine(limit: 100)
                        errors.send(nil)
                    } catch {
                        errors.send(error)
                        throw error
                    }
                } writing: { _ in
                    throw Mistake()
                }
            }
            await #expect(throws: Mistake.self) {
                try await connection.concurrently { _ in
                    throw Mistake()
                } writing: { writer in
                    do throws(ConnectionError) {
                        while true { try await writer.write(copying: [UInt8](repeating: 1, count: 100_000).span) }
                    } catch {
                        errors.send(error)
                        throw error
                    }
                }
            }
            guard let line = try await connection.readLine(limit: 100) else { return }
            try await connection.write(line)
        }
        try await withServer(set, configuration: .patient, handler: handler) { server in
            let peer = try await Peer.connect(to: server.address)
            #expect(try await errors.next() == .cancelled)
            #expect(try await errors.next() == .cancelled)
            try await peer.send(Array("line\n".utf8))
            #expect(try await peer.receiveAll().suffix(4) == Array("line".utf8))
        }
    }

    @Test("Cancelling the task ends both sides", arguments: FeatureSet.allCases)
    func cancelled(set: FeatureSet) async throws {
        let listener = try PeerListener()
        let (waiting, errors) = (Channel<Void>(), Channel<ConnectionError?>())
        try await withLoops(set, configuration: .patient) { group in
            let loop = group.next()
            let task = Task {
                try await loop.run {
                    try await loop.connect(to: listener.address) { connection in
                        try await connection.concurrently { reader in
                            waiting.send(())
                            do throws(ConnectionError) { _ = try await reader.read() } catch { errors.send(error) }
                        } writing: { writer in
                            do throws(ConnectionError) {
                                while true { try await writer.write(copying: [UInt8](repeating: 1, count: 9000).span) }
                            } catch { errors.send(error) }
                        }
                        errors.send(await connection.errorOfReading())
                    }
                }
            }
            let peer = try await listener.accept()
            try await waiting.next()
            task.cancel()
            for _ in 0..<3 { #expect(try await errors.next() == .cancelled) }
            _ = try await peer.receiveAll()
            peer.close()
            try await task.value
            try await eventually { await group.statistics().connections == 0 }
        }
    }

    @Test("The reading side supports deadlines, and is unchanged after one")
    func deadline() async throws {
        let outcome = Channel<ConnectionError?>()
        let handler: TCPServer.Handler = { connection in
            try await connection.concurrently { reader in
                do throws(ConnectionError) {
                    try await reader.withReadDeadline(after: .milliseconds(20)) { () throws(ConnectionError) in
                        while try await reader.read() != nil {}
                    }
                    outcome.send(nil)
                } catch { outcome.send(error) }
                var received: [UInt8] = []
                while let bytes = try await reader.read() { received += Array(bytes) }
                #expect(received == [1])
            } writing: { writer in
                try await writer.write("written meanwhile")
            }
        }
        try await withServer(handler: handler) { server in
            let peer = try await Peer.connect(to: server.address)
            #expect(try await outcome.next() == .readTimedOut)
            try await peer.send([1])
            peer.finish()
            #expect(try await peer.receiveAll() == Array("written meanwhile".utf8))
        }
    }

    @Test("The writing side uses the connection's watermarks")
    func watermarks() async throws {
        let handler: TCPServer.Handler = { connection in
            let (loop, id) = (connection.eventLoop, connection.id)
            try await connection.concurrently { _ in
            } writing: { writer in
                writer.setWatermarks(low: 10_000, high: 50_000)
            }
            #expect(loop.driver.connections[id].sending.lowWatermark == 10_000)
            #expect(loop.driver.connections[id].sending.highWatermark == 50_000)
            try await connection.write("looked")
        }
        try await withServer(handler: handler) { server in
            let peer = try await Peer.connect(to: server.address)
            #expect(try await peer.receiveAll() == Array("looked".utf8))
        }
    }

    @Test("A sequence of chunks yields every byte", arguments: FeatureSet.allCases)
    func chunks(set: FeatureSet) async throws {
        let sent = randomBytes(700_000)
        let outcome = Channel<String?>()
        let handler: TCPServer.Handler = { connection in
            var kept: [SharedBuffer] = []
            for try await chunk in connection.chunks { kept.append(chunk) }
            outcome.send(difference(kept.flatMap { Array($0) }, from: sent))
        }
        try await withServer(set, configuration: .patient, handler: handler) { server in
            let peer = try await Peer.connect(to: server.address)
            try await peer.send(sent, inPiecesUpTo: 20_000, seed: 4)
            peer.finish()
            #expect(try await outcome.next() == nil)
        }
    }

    @Test("Two tasks that read concurrently trap instead of waiting for ever")
    func twoReaders() async {
        expectTrap(
            await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
                let handler: TCPServer.Handler = { connection in
                    // Without this, the compiler does not let the sequence go to another task.
                    nonisolated(unsafe) let chunks = connection.chunks
                    async let first: Void = { for try await _ in chunks {} }()
                    try await connection.eventLoop.sleep(for: .milliseconds(1))
                    _ = try await connection.read()
                    try await first
                }
                try await withServer(handler: handler) { server in
                    let peer = try await Peer.connect(to: server.address)
                    _ = try await peer.receiveAll()
                }
            },
            saying: "one task at a time reads a connection"
        )
    }

    /// Two tasks may use the connection at once: an actor is reentrant while one waits. A connection enters an actor
    /// only through code marked as unsafe.
    private actor Session {
        private let connection: Connection

        init(_ carrier: ConnectionCarrier) {
            connection = carrier.take()!
        }

        func write() async throws { try await connection.write(Array(repeating: 0, count: 2_000_000)) }
        func endWriting() async throws { try await connection.endWriting() }
    }

    @Test("Two tasks that wait to write concurrently trap instead of waiting for ever", arguments: [false, true])
    func twoWriters(ends: Bool) async {
        expectTrap(
            await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) { [ends] in
                var configuration = EventLoop.Configuration()
                configuration.highWatermark = 1000
                configuration.lowWatermark = 1000
                let handler: TCPServer.Handler = { connection in
                    let session = Session(ConnectionCarrier(connection))
                    async let first: Void = session.write()
                    async let second: Void = ends ? session.endWriting() : session.write()
                    _ = try await (first, second)
                }
                try await withServer(configuration: configuration, handler: handler) { server in
                    // Receives nothing.
                    let peer = try await Peer.connect(to: server.address, receiveBuffer: 4096)
                    try await Task.sleep(for: patience)
                    peer.close()
                    exit(0)
                }
            },
            saying: "one task at a time waits to write to a connection"
        )
    }

    @Test("Reading a connection while it is relayed traps, whichever starts first", arguments: [false, true])
    func readerOfRelayed(readsFirst: Bool) async {
        expectTrap(
            await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) { [readsFirst] in
                let handler: TCPServer.Handler = { connection in
                    let loop = connection.eventLoop
                    let listener = try PeerListener()
                    try await loop.connect(to: listener.address) { other in
                        let id = other.id
                        async let reading = {
                            if !readsFirst { try await loop.sleep(for: .milliseconds(20)) }
                            return try await ConnectionHandle(loop: loop, id: id).read()?.count
                        }()
                        if readsFirst { try await loop.sleep(for: .milliseconds(20)) }
                        try await connection.relay(to: other)
                        _ = try await reading
                    }
                }
                try await withServer(handler: handler) { server in
                    let peer = try await Peer.connect(to: server.address)
                    try await Task.sleep(for: patience)
                    peer.close()
                    exit(0)
                }
            },
            saying: "one task at a time reads a connection"
        )
    }

    @Test("A sequence of chunks that outlives its connection reports an error")
    func chunksOfClosed() async throws {
        let errors = Channel<ConnectionError?>()
        let handler: TCPServer.Handler = { connection in
            let chunks = connection.chunks
            _ = try await connection.read(exactly: 1)
            connection.reset()
            do throws(ConnectionError) {
                for try await _ in chunks {}
                errors.send(nil)
            } catch { errors.send(error) }
        }
        try await withServer(handler: handler) { server in
            let peer = try await Peer.connect(to: server.address)
            try await peer.send([1])
            #expect(try await errors.next() == .closed)
            peer.close()
        }
    }
}
