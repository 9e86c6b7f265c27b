import EddyBuffers
import EddySystem
import Testing

@testable import Eddy

/// The seam between a socket and its user, with a transform that masks and pads what is sent.
@Suite("connection core: transform", .timeLimit(.minutes(5)))
struct TransformTests {
    /// Installs a transform, then serves as `handler` does.
    private static func transformed(_ handler: @escaping TCPServer.Handler) -> TCPServer.Handler {
        { connection in
            try await connection.handle.install(MaskingTransform(key: 0x33))
            try await handler(connection)
        }
    }

    /// Connects to a server of transformed connections, and installs the other end of the transform.
    private func connect<Success: Sendable>(
        to server: TCPServer,
        _ body: @escaping @concurrent @Sendable (consuming Connection) async throws -> Success
    ) async throws -> Success {
        let (loop, address) = (server.group.next(), server.address)
        return try await loop.run {
            try await loop.connect(to: address) { connection in
                try await connection.handle.install(MaskingTransform(key: 0xC4, longestRecord: 300))
                return try await body(connection)
            }
        }
    }

    @Test(
        "An echo of any length passes through a transform on both sides",
        arguments: FeatureSet.allCases,
        [1, 299, 70_000, 1 << 20]
    )
    func echo(set: FeatureSet, byteCount: Int) async throws {
        let sent = randomBytes(byteCount)
        try await withServer(set, handler: Self.transformed(EddyTests.echo)) { server in
            let received = try await connect(to: server) { connection in
                try await connection.sendAndGather(sent)
            }
            #expect(difference(received, from: sent) == nil)
        }
    }

    @Test("Framing finds messages in transformed bytes", arguments: FeatureSet.allCases)
    func framing(set: FeatureSet) async throws {
        let handler: TCPServer.Handler = { connection in
            while let line = try await connection.readLine(limit: 10_000) {
                try await connection.write(line, Buffer.from("\n"))
            }
        }
        try await withServer(set, handler: Self.transformed(handler)) { server in
            let answers = try await connect(to: server) { connection in
                var answers: [Int] = []
                for count in [0, 1, 299, 300, 5000] {
                    try await connection.write(String(repeating: "x", count: count) + "\n")
                    answers.append(try await connection.readLine(limit: 10_000)?.count ?? -1)
                }
                return answers
            }
            #expect(answers == [0, 1, 299, 300, 5000])
        }
    }

    @Test("Either direction ends by itself, and the other continues", arguments: FeatureSet.allCases)
    func halfClose(set: FeatureSet) async throws {
        let handler: TCPServer.Handler = { connection in
            let request = try await connection.gather(.max)
            // The peer has ended its direction.
            try await connection.write("answer to \(request.count)")
        }
        try await withServer(set, handler: Self.transformed(handler)) { server in
            let answer = try await connect(to: server) { connection in
                try await connection.write(copying: [UInt8](repeating: 7, count: 12_345).span)
                try await connection.endWriting()
                return String(decoding: try await connection.gather(.max), as: UTF8.self)
            }
            #expect(answer == "answer to 12345")
        }
    }

    @Test("A graceful close ends the transformed stream", arguments: FeatureSet.allCases)
    func close(set: FeatureSet) async throws {
        let handler: TCPServer.Handler = { connection in try await connection.write("bye") }
        try await withServer(set, handler: Self.transformed(handler)) { server in
            let bytes = try await connect(to: server) { try await $0.gather(.max) }
            #expect(bytes == Array("bye".utf8))
        }
    }

    @Test("A handler that fails resets its connection; the peer never sees an end", arguments: FeatureSet.allCases)
    func failure(set: FeatureSet) async throws {
        struct Failure: Error {}
        let handler: TCPServer.Handler = { connection in
            try await connection.write("half an answer")
            throw Failure()
        }
        try await withServer(set, handler: Self.transformed(handler)) { server in
            let error = try await connect(to: server) { connection -> ConnectionError? in
                do throws(ConnectionError) {
                    while try await connection.read() != nil {}
                    return nil
                } catch { return error }
            }
            #expect(error == .reset)
        }
    }

    @Test("A stream without the transform's end is cut off, never at its end", arguments: FeatureSet.allCases)
    func cutOff(set: FeatureSet) async throws {
        let errors = Channel<ConnectionError?>()
        let handler: TCPServer.Handler = { connection in
            do throws(ConnectionError) {
                while try await connection.read() != nil {}
                errors.send(nil)
            } catch { errors.send(error) }
        }
        try await withServer(set, handler: Self.transformed(handler)) { server in
            let peer = try await Peer.connect(to: server.address)
            // hello; one byte of data; FIN
            try await peer.send([1, 0, 1, 0, 0x11, 2, 0, 1, 0, 0x00])
            peer.finish()
            #expect(try await errors.next() == .reset)
            peer.close()
        }
    }

    @Test("A close after the end of the transformed stream waits for FIN", arguments: FeatureSet.allCases)
    func closeBeforeFIN(set: FeatureSet) async throws {
        try await withServer(set, handler: Self.transformed(EddyTests.echo)) { server in
            let peer = try await Peer.connect(to: server.address)
            // hello; end
            try await peer.send([1, 0, 1, 0, 0x11, 3, 0, 0, 0])
            let (bytes, error) = try await peer.receiveUntilBroken()
            #expect(bytes == [1, 0, 1, 0, 0x33, 3, 0, 0, 1, 0])
            #expect(error == nil)
            peer.close()
        }
    }

    @Test("A stream that is dropped unread may be cut off", arguments: FeatureSet.allCases)
    func cutOffUnread(set: FeatureSet) async throws {
        let handler: TCPServer.Handler = { connection in
            let (loop, id) = (connection.eventLoop, connection.id)
            connection.endReading()
            while loop.driver.connections[id].receiving.input != .ended,
                !loop.driver.connections[id].lifecycle.hasFailed
            {
                try await loop.sleep(for: .milliseconds(1))
            }
            try await connection.write("x")
        }
        try await withServer(set, handler: Self.transformed(handler)) { server in
            let peer = try await Peer.connect(to: server.address)
            // hello; FIN
            try await peer.send([1, 0, 1, 0, 0x11])
            let hello = try await peer.receive(5)
            peer.finish()
            let (bytes, error) = try await peer.receiveUntilBroken()
            #expect(hello + bytes == [1, 0, 1, 0, 0x33, 2, 0, 1, 1, 0x78 ^ 0x33, 0, 3, 0, 0, 2, 0, 0])
            #expect(error == nil)
            peer.close()
        }
    }

    @Test(
        "A FIN or a wrong record within the handshake fails it",
        arguments: [[], [1, 0], [2, 0, 1, 0, 5], [9, 0, 0, 0]]
    )
    func handshake(bytes: [UInt8]) async throws {
        let errors = Channel<ConnectionError?>()
        let handler: TCPServer.Handler = { connection in
            do throws(ConnectionError) {
                try await connection.handle.install(MaskingTransform())
                errors.send(nil)
            } catch { errors.send(error) }
        }
        try await withServer(handler: handler) { server in
            let peer = try await Peer.connect(to: server.address)
            if !bytes.isEmpty { try await peer.send(bytes) }
            peer.finish()
            #expect(try await errors.next() != nil)
            peer.close()
        }
    }

    @Test("A handshake that the peer does not answer ends with the read deadline")
    func silentHandshake() async throws {
        let errors = Channel<ConnectionError?>()
        let handler: TCPServer.Handler = { connection in
            let handle = connection.handle
            do {
                try await connection.withReadDeadline(after: .milliseconds(20)) {
                    try await handle.install(MaskingTransform())
                }
                errors.send(nil)
            } catch { errors.send(error as? ConnectionError) }
        }
        try await withServer(handler: handler) { server in
            let peer = try await Peer.connect(to: server.address)
            #expect(try await errors.next() == .readTimedOut)
            peer.close()
        }
    }

    @Test("A relay joins a plain connection and a transformed one", arguments: FeatureSet.allCases)
    func relay(set: FeatureSet) async throws {
        let sent = randomBytes(200_000)
        try await withServer(set, handler: Self.transformed(EddyTests.echo)) { upstream in
            let address = upstream.address
            let handler: TCPServer.Handler = { client in
                try await client.eventLoop.connect(to: address) { other in
                    try await other.handle.install(MaskingTransform(key: 0xC4))
                    try await client.relay(to: other)
                }
            }
            try await withServer(set, handler: handler) { server in
                let peer = try await Peer.connect(to: server.address)
                async let received = peer.receiveAll()
                try await peer.send(sent)
                peer.finish()
                #expect(difference(try await received, from: sent) == nil)
                peer.close()
            }
        }
    }

    @Test("A transformed connection cannot be detached, and says so")
    func detaching() async throws {
        let errors = Channel<ConnectionError?>()
        let handler: TCPServer.Handler = { connection in
            do throws(ConnectionError) {
                _ = try await connection.detach()
                errors.send(nil)
            } catch { errors.send(error) }
        }
        try await withServer(handler: Self.transformed(handler)) { server in
            try await connect(to: server) { _ = try await $0.read() }
            #expect(try await errors.next() == .option(.notSupported))
        }
    }
}
