import Eddy
import Testing

/// Closing one direction does not close the other.
@Suite("connections: half-close", .serialized, .timeLimit(.minutes(5)))
struct HalfCloseTests {
    @Test("A peer that has half-closed still receives everything", arguments: FeatureSet.allCases)
    func peerEnds(set: FeatureSet) async throws {
        let reply = randomBytes(3 << 20)
        let handler: TCPServer.Handler = { connection in
            let request = try await connection.gather(.max)
            #expect(request == Array("request".utf8))
            // Further reads also return the end.
            #expect(try await connection.isAtEnd())
            try await connection.write(reply)
        }
        try await withServer(set, handler: handler) { server in
            let peer = try await Peer.connect(to: server.address)
            try await peer.send(Array("request".utf8))
            peer.finish()
            #expect(difference(try await peer.receiveAll(), from: reply) == nil)
        }
    }

    @Test("This side half-closes and still reads everything", arguments: FeatureSet.allCases)
    func thisSideEnds(set: FeatureSet) async throws {
        let upload = randomBytes(1 << 20)
        let seen = Channel<String?>()
        let handler: TCPServer.Handler = { connection in
            try await connection.write("go")
            try await connection.endWriting()
            try await connection.endWriting()
            #expect(await connection.errorOfWriting("late") == .writingEnded)
            seen.send(difference(try await connection.gather(.max), from: upload))
        }
        try await withServer(set, handler: handler) { server in
            let peer = try await Peer.connect(to: server.address)
            #expect(try await peer.receiveAll() == Array("go".utf8))
            try await peer.send(upload)
            peer.finish()
            #expect(try await seen.next() == nil)
        }
    }

    @Test("The end of the stream arrives after everything written before it", arguments: FeatureSet.allCases)
    func endBehindQueue(set: FeatureSet) async throws {
        let reply = randomBytes(400_000)
        let handler: TCPServer.Handler = { connection in
            try await connection.write(reply)
            try await connection.endWriting()
            #expect(try await connection.isAtEnd())
        }
        try await withServer(set, handler: handler) { server in
            let peer = try await Peer.connect(to: server.address, receiveBuffer: 4096)
            #expect(difference(try await peer.receiveAll(), from: reply) == nil)
            peer.finish()
        }
    }

    @Test("The end of the stream may come after any byte", arguments: FeatureSet.allCases, [0, 1, 7, 4096, 70_001])
    func endAtAnyByte(set: FeatureSet, count: Int) async throws {
        try await withServer(set) { server in
            let peer = try await Peer.connect(to: server.address)
            let sent = randomBytes(count)
            async let received = peer.receiveAll()
            if count > 0 { try await peer.send(sent) }
            peer.finish()
            #expect(difference(try await received, from: sent) == nil)
        }
    }
}
