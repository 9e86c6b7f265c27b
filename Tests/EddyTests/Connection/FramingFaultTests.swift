import Eddy
import Testing

@testable import Eddy

/// Peers that send too much, too little, or byte by byte.
@Suite("connections: invalid messages", .serialized, .timeLimit(.minutes(5)))
struct FramingFaultTests {
    /// What a read throws, or what it returns as text.
    private enum Outcome: Equatable {
        case text(String?)
        case error(ConnectionError)
    }

    private enum Read: CaseIterable {
        case exactly, delimiter, line, frame

        func callAsFunction(_ connection: borrowing Connection, limit: Int) async -> Outcome {
            do {
                let bytes =
                    switch self {
                    case .exactly: try await connection.read(exactly: limit)
                    case .delimiter: try await connection.read(until: "--", limit: limit)
                    case .line: try await connection.readLine(limit: limit)
                    case .frame: try await connection.readFrame(prefix: .twoBytes, limit: limit)
                    }
                guard let bytes else { return .text(nil) }
                return .text(String(decoding: bytes))
            } catch {
                return .error(error)
            }
        }
    }

    @Test("The stream ends before a message or within one", arguments: Read.allCases, FeatureSet.allCases)
    private func end(read: Read, set: FeatureSet) async throws {
        let outcomes = Channel<[Outcome]>()
        let handler: TCPServer.Handler = { connection in
            var seen = [await read(connection, limit: 10)]
            // The received part of the message can still be read.
            if let rest = try await connection.read() { seen.append(.text(String(decoding: rest))) }
            seen.append(await read(connection, limit: 10))
            outcomes.send(seen)
        }
        try await withServer(set, handler: handler) { server in
            let silent = try await Peer.connect(to: server.address)
            silent.finish()
            #expect(try await outcomes.next() == [.text(nil), .text(nil)])
            let breaking = try await Peer.connect(to: server.address)
            try await breaking.send(Array("\0\u{5}abc".utf8))
            breaking.finish()
            let expected: [Outcome] = [.error(.unexpectedEnd(received: 5)), .text("\0\u{5}abc"), .text(nil)]
            #expect(try await outcomes.next() == expected)
        }
    }

    @Test("A message over the limit is an error", arguments: FeatureSet.allCases)
    func overTheLimit(set: FeatureSet) async throws {
        let outcomes = Channel<[Outcome]>()
        let handler: TCPServer.Handler = { connection in
            var seen: [Outcome] = []
            seen.append(await Read.line(connection, limit: 7))
            seen.append(await Read.line(connection, limit: 8))
            seen.append(await Read.delimiter(connection, limit: 4))
            seen.append(await Read.delimiter(connection, limit: 5))
            seen.append(await Read.frame(connection, limit: 255))
            seen.append(await Read.frame(connection, limit: 256))
            outcomes.send(seen)
        }
        let message = String(repeating: "m", count: 256)
        try await withServer(set, handler: handler) { server in
            let peer = try await Peer.connect(to: server.address)
            try await peer.send(Array("a line 1\r\nfive5--\u{1}\0\(message)".utf8))
            let expected: [Outcome] = [
                .error(.delimiterNotFound(limit: 7)), .text("a line 1"),
                .error(.delimiterNotFound(limit: 4)), .text("five5"),
                .error(.frameTooLong(length: 256, limit: 255)), .text(message),
            ]
            #expect(try await outcomes.next() == expected)
        }
    }

    @Test("A length near the maximum of its type is over the limit")
    func hugeLength() async throws {
        let errors = Channel<ConnectionError?>()
        let handler: TCPServer.Handler = { connection in
            do {
                _ = try await connection.readFrame(prefix: .eightBytes, limit: 1 << 30)
                errors.send(nil)
            } catch let error as ConnectionError { errors.send(error) }
        }
        try await withServer(handler: handler) { server in
            let peer = try await Peer.connect(to: server.address)
            try await peer.send([UInt8](repeating: 0xFF, count: 8))
            #expect(try await errors.next() == .frameTooLong(length: .max, limit: 1 << 30))
        }
    }

    @Test("An endless line fails at the limit instead of filling memory", arguments: FeatureSet.allCases)
    func endlessLine(set: FeatureSet) async throws {
        let errors = Channel<(ConnectionError?, UInt32)>()
        let handler: TCPServer.Handler = { connection in
            let (loop, id) = (connection.eventLoop, connection.id)
            do {
                _ = try await connection.readLine(limit: 100_000)
            } catch let error as ConnectionError {
                errors.send((error, loop.driver.connections[id].receiving.queue.byteCount))
            }
            connection.reset()
        }
        var configuration = EventLoop.Configuration()
        configuration.receiveWindow = 64 << 10
        try await withServer(set, configuration: configuration, handler: handler) { server in
            let peer = try await Peer.connect(to: server.address)
            let sending = Task { try await peer.send([UInt8](repeating: 0x61, count: 64 << 20)) }
            let (error, held) = try await errors.next()
            #expect(error == .delimiterNotFound(limit: 100_000))
            // The limit, an armed window, and a chunk that the last receive may bring. A kernel without receive limits
            // brings up to 32 chunks at once.
            let chunk: UInt32 = 256 << 10
            #expect(held <= 100_000 + (64 << 10) + (set.features.receiveLimits ? chunk : 32 * chunk))
            await #expect(throws: SystemError.self) { try await sending.value }
        }
    }

    @Test(
        "Peers that send byte by byte hold few slices, and their bytes are copied only a few times",
        arguments: [true, false]
    )
    func dribble(isLine: Bool) async throws {
        let count = 3000
        let peers = 3
        let done = Channel<(String?, UInt32)>()
        let sent = [UInt8](repeating: 0x62, count: count)
        let handler: TCPServer.Handler = { connection in
            let (loop, id) = (connection.eventLoop, connection.id)
            let watcher = Task(executorPreference: loop) { @concurrent in
                var most: UInt32 = 0
                while !Task.isCancelled {
                    most = max(most, loop.driver.connections[id].receiving.queue.count)
                    await Task.yield()
                }
                return most
            }
            let bytes =
                isLine
                ? try await connection.readLine(limit: count) : try await connection.read(exactly: count)
            watcher.cancel()
            guard let bytes else { return }
            done.send((difference(Array(bytes), from: sent), await watcher.value))
        }
        try await withServer(handler: handler) { server in
            try await withThrowingDiscardingTaskGroup { group in
                // The peers send in turn, so that no two bytes of one peer are adjacent in memory.
                for _ in 0..<peers {
                    let peer = try await Peer.connect(to: server.address)
                    group.addTask { try await peer.send(sent + [0x0A], inPiecesUpTo: 1, seed: 1) }
                }
                for _ in 0..<peers {
                    let (difference, most) = try await done.next()
                    #expect(difference == nil)
                    // A batch may bring more than the five that may accumulate.
                    #expect(most < 200)
                }
            }
        }
    }
}
