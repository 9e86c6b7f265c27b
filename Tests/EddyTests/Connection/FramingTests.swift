import Eddy
import Testing

@testable import Eddy

/// Messages of a stream, wherever the network cuts it.
@Suite("connections: messages", .serialized, .timeLimit(.minutes(5)))
struct FramingTests {
    /// Small chunks, so that messages cross chunk boundaries.
    private static var smallChunks: EventLoop.Configuration {
        var configuration = EventLoop.Configuration()
        configuration.pool.receiveChunkSize = 4096
        return configuration
    }

    @Test("Reads exactly the requested bytes, however cut", arguments: FeatureSet.allCases, [1, 7, 5000, 200_000])
    func exactly(set: FeatureSet, longestPiece: Int) async throws {
        let counts = [0, 1, 2, 4095, 4096, 4097, 1, 9000, 3]
        let sent = randomBytes(counts.reduce(0, +))
        let outcome = Channel<String?>()
        let handler: TCPServer.Handler = { connection in
            var received: [UInt8] = []
            for count in counts {
                guard let bytes = try await connection.read(exactly: count) else { break }
                #expect(bytes.count == count)
                received += Array(bytes)
            }
            let isAtEnd = try await connection.read(exactly: 1) == nil
            #expect(isAtEnd)
            outcome.send(difference(received, from: sent))
        }
        try await withServer(set, configuration: Self.smallChunks, handler: handler) { server in
            let peer = try await Peer.connect(to: server.address)
            try await peer.send(sent, inPiecesUpTo: longestPiece, seed: 3)
            peer.finish()
            #expect(try await outcome.next() == nil)
        }
    }

    @Test("Messages end at a delimiter, even if it is cut", arguments: FeatureSet.allCases, [1, 2, 3, 10_000])
    func delimiters(set: FeatureSet, longestPiece: Int) async throws {
        let texts = ["", "a", "\r", "\r\r\n", "header: value", String(repeating: "x", count: 9000), "\r\n\r", "end"]
        let outcome = Channel<[String]>()
        let handler: TCPServer.Handler = { connection in
            var received: [String] = []
            while let bytes = try await connection.read(until: "\r\n\r\n", limit: 9000) {
                received.append(String(decoding: bytes))
            }
            outcome.send(received)
        }
        try await withServer(set, configuration: Self.smallChunks, handler: handler) { server in
            let peer = try await Peer.connect(to: server.address)
            let stream = texts.map { $0 + "\r\n\r\n" }.joined()
            try await peer.send(Array(stream.utf8), inPiecesUpTo: longestPiece, seed: 5)
            peer.finish()
            // In a text that ends in CR LF CR the delimiter matches earlier: the next message begins with the rest.
            var expected: [String] = []
            var rest = Array(stream.utf8)[...]
            while let end = rest.indices.first(where: { rest[$0...].starts(with: Array("\r\n\r\n".utf8)) }) {
                expected.append(String(decoding: rest[..<end], as: UTF8.self))
                rest = rest[(end + 4)...]
            }
            #expect(try await outcome.next() == expected)
        }
    }

    @Test("Lines end with LF or CR LF, and what follows a line stays for the next read", arguments: FeatureSet.allCases)
    func lines(set: FeatureSet) async throws {
        let outcome = Channel<[String]>()
        let handler: TCPServer.Handler = { connection in
            var received: [String] = []
            for _ in 0..<4 {
                guard let line = try await connection.readLine(limit: 10) else { break }
                received.append(String(decoding: line))
            }
            while let bytes = try await connection.read() { received.append(String(decoding: bytes)) }
            outcome.send(received)
        }
        try await withServer(set, handler: handler) { server in
            let peer = try await Peer.connect(to: server.address)
            try await peer.send(Array("0123456789\r\n0123456789\n\n\r\nrest".utf8))
            peer.finish()
            #expect(try await outcome.next() == ["0123456789", "0123456789", "", "", "rest"])
        }
    }

    @Test("Reads length-prefixed messages", arguments: LengthPrefix.allCases, [Endianness.big, .little])
    func frames(prefix: LengthPrefix, endianness: Endianness) async throws {
        let longest = prefix == .oneByte ? 255 : 9000
        let messages = [0, 1, 200, longest, 3].map { randomBytes($0, seed: UInt64($0) + 1) }
        var stream: [UInt8] = []
        for message in messages {
            let length = UInt64(message.count)
            let places = (0..<prefix.byteCount).map { UInt64(8 * $0) }
            let ordered = endianness == .little ? places : places.reversed()
            stream += ordered.map { UInt8(truncatingIfNeeded: length >> $0) } + message
        }
        let outcome = Channel<[String?]>()
        let handler: TCPServer.Handler = { connection in
            var differences: [String?] = []
            for message in messages {
                let bytes = try await connection.readFrame(prefix: prefix, endianness: endianness, limit: longest)
                guard let bytes else { break }
                differences.append(difference(Array(bytes), from: message))
            }
            let end = try await connection.readFrame(prefix: prefix, endianness: endianness, limit: longest)
            let isAtEnd = end == nil
            #expect(isAtEnd)
            outcome.send(differences)
        }
        for longestPiece in [1, 3, 50_000] {
            try await withServer(configuration: Self.smallChunks, handler: handler) { server in
                let peer = try await Peer.connect(to: server.address)
                try await peer.send(stream, inPiecesUpTo: longestPiece, seed: 8)
                peer.finish()
                #expect(try await outcome.next() == messages.map { _ in nil })
            }
        }
    }

    @Test("Reads a message that is larger than the receive window", arguments: FeatureSet.allCases)
    func largerThanWindow(set: FeatureSet) async throws {
        var configuration = EventLoop.Configuration()
        configuration.receiveWindow = 16 << 10
        let message = randomBytes((3 << 20) - 3) + [1, 2, 3]
        let outcome = Channel<String?>()
        let handler: TCPServer.Handler = { connection in
            guard let first = try await connection.read(exactly: message.count - 3) else { return }
            guard let last = try await connection.read(until: 0, limit: 3) else { return }
            outcome.send(difference(Array(first) + Array(last), from: message))
        }
        try await withServer(set, configuration: configuration, handler: handler) { server in
            let peer = try await Peer.connect(to: server.address)
            try await peer.send(message + [0])
            #expect(try await outcome.next() == nil)
        }
    }
}
