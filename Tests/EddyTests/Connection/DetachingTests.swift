import Eddy
import EddySystem
import Testing

@testable import Eddy

/// Connections that leave their loop.
@Suite("connections: detaching", .serialized, .timeLimit(.minutes(5)))
struct DetachingTests {
    /// What a test on another thread gets of a detached connection.
    private struct Detached: Sendable {
        var peer: Peer
        var received: [UInt8]
    }

    @Test(
        "Detaching sends what was written and hands out what was received with the descriptor",
        arguments: FeatureSet.allCases,
        [0, 1, 5000]
    )
    func nothingIsLost(set: FeatureSet, read: Int) async throws {
        let sent = randomBytes(2 << 20)
        let reply = randomBytes(300_000)
        let outcome = Channel<Detached>()
        let handler: TCPServer.Handler = { connection in
            guard let first = try await connection.read(exactly: read) else { return }
            let beginning = Array(first)
            try await connection.write(reply)
            let detached = try await connection.detach()
            outcome.send(Detached(peer: Peer(detached.descriptor), received: beginning + Array(detached.received)))
        }
        let statistics = try await withServer(set, configuration: .patient, handler: handler) { server in
            let peer = try await Peer.connect(to: server.address)
            async let sending: Void = peer.send(sent)
            async let answer = peer.receive(reply.count)
            let detached = try await outcome.next()
            let rest = try await detached.peer.receive(sent.count - detached.received.count)
            try await sending
            #expect(difference(detached.received + rest, from: sent) == nil)
            #expect(difference(try await answer, from: reply) == nil)
            // It is an ordinary socket now, unknown to the server.
            try await detached.peer.send(Array("hello".utf8))
            #expect(try await peer.receive(5) == Array("hello".utf8))
            try await eventually { await server.group.statistics().connections == 0 }
            detached.peer.close()
            #expect(try await peer.receiveAll().isEmpty)
        }
        #expect(statistics.handlerFailures == 0)
    }

    @Test("A half-closed direction stays closed after detaching", arguments: FeatureSet.allCases)
    func halfClosed(set: FeatureSet) async throws {
        let outcome = Channel<Detached>()
        let handler: TCPServer.Handler = { connection in
            #expect(try await connection.isAtEnd())
            try await connection.write("bye")
            let detached = try await connection.detach()
            outcome.send(Detached(peer: Peer(detached.descriptor), received: Array(detached.received)))
        }
        try await withServer(set, configuration: .patient, handler: handler) { server in
            let peer = try await Peer.connect(to: server.address)
            peer.finish()
            let detached = try await outcome.next()
            #expect(detached.received.isEmpty)
            #expect(try await detached.peer.receiveAll().isEmpty)
            try await detached.peer.send([1])
            detached.peer.close()
            #expect(try await peer.receiveAll() == Array("bye".utf8) + [1])
        }
    }

    /// Writes more than the socket takes, so that detaching waits; returns how that ends.
    private static func detachingWhileFull(
        full: Channel<Void>,
        errors: Channel<ConnectionError?>
    ) -> TCPServer.Handler {
        { connection in
            connection.setWatermarks(low: 1, high: 64 << 20)
            try connection.set(.sendBufferSize(256 << 10))
            try await connection.write([UInt8](repeating: 7, count: 16 << 20))
            full.send(())
            do throws(ConnectionError) {
                let detached = try await connection.detach()
                Socket.close(detached.descriptor)
                errors.send(nil)
            } catch { errors.send(error) }
        }
    }

    @Test("A connection that breaks while detaching is closed with an error", arguments: FeatureSet.allCases)
    func breaking(set: FeatureSet) async throws {
        let (full, errors) = (Channel<Void>(), Channel<ConnectionError?>())
        let handler = Self.detachingWhileFull(full: full, errors: errors)
        try await withServer(set, configuration: .patient, handler: handler) { server in
            let peer = try await Peer.connect(to: server.address, receiveBuffer: 4096)
            try await full.next()
            peer.reset()
            #expect(try await errors.next() == .reset)
        }
    }

    @Test("A server that ends resets connections that are detaching", arguments: FeatureSet.allCases)
    func shuttingDown(set: FeatureSet) async throws {
        let (full, errors) = (Channel<Void>(), Channel<ConnectionError?>())
        let handler = Self.detachingWhileFull(full: full, errors: errors)
        try await withServer(set, grace: .zero, handler: handler) { server in
            let peer = try await Peer.connect(to: server.address, receiveBuffer: 4096)
            try await full.next()
            server.shutDown(grace: .zero)
            #expect(try await errors.next() == .shutDown)
            peer.close()
        }
    }
}
