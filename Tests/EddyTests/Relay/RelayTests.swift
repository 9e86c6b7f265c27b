import Eddy
import Testing

/// What one side sends, the other receives, in both directions at once.
@Suite("relay: the bytes", .serialized, .timeLimit(.minutes(5)))
struct RelayTests {
    @Test("Bytes of both directions arrive unchanged, and so do both ends", arguments: FeatureSet.allCases)
    func bothDirections(set: FeatureSet) async throws {
        try await withRelay(set) { client, upstream in
            let (request, reply) = (randomBytes(4 << 20, seed: 1), randomBytes(4 << 20, seed: 2))
            async let received = upstream.receiveAll()
            async let answered = client.receiveAll()
            async let sent: Void = client.send(request, inPiecesUpTo: 100_000, seed: 3)
            async let replied: Void = upstream.send(reply, inPiecesUpTo: 100_000, seed: 4)
            _ = try await (sent, replied)
            client.finish()
            upstream.finish()
            #expect(difference(try await received, from: request) == nil)
            #expect(difference(try await answered, from: reply) == nil)
        }
    }

    @Test("A client that has half-closed still receives", arguments: FeatureSet.allCases)
    func clientEnds(set: FeatureSet) async throws {
        try await withRelay(set) { client, upstream in
            let (request, reply) = (randomBytes(1000), randomBytes(3 << 20))
            try await client.send(request)
            client.finish()
            #expect(difference(try await upstream.receiveAll(), from: request) == nil)
            try await upstream.send(reply, inPiecesUpTo: 200_000, seed: 5)
            upstream.finish()
            #expect(difference(try await client.receiveAll(), from: reply) == nil)
        }
    }

    @Test("An upstream that has half-closed still receives", arguments: FeatureSet.allCases)
    func upstreamEnds(set: FeatureSet) async throws {
        try await withRelay(set) { client, upstream in
            let (request, reply) = (randomBytes(3 << 20), randomBytes(1000))
            try await upstream.send(reply)
            upstream.finish()
            #expect(difference(try await client.receiveAll(), from: reply) == nil)
            try await client.send(request, inPiecesUpTo: 200_000, seed: 5)
            client.finish()
            #expect(difference(try await upstream.receiveAll(), from: request) == nil)
        }
    }

    @Test("Two ends of stream without any bytes end the relay", arguments: FeatureSet.allCases)
    func nothing(set: FeatureSet) async throws {
        try await withRelay(set) { client, upstream in
            client.finish()
            let request = try await upstream.receiveAll()
            #expect(request.isEmpty)
            upstream.finish()
            let reply = try await client.receiveAll()
            #expect(reply.isEmpty)
        }
    }

    @Test("A ping-pong of single bytes passes without delay", arguments: FeatureSet.allCases)
    func pingPong(set: FeatureSet) async throws {
        try await withRelay(set) { client, upstream in
            for number in 0..<UInt8(50) {
                try await client.send([number])
                #expect(try await upstream.receive(1) == [number])
                try await upstream.send([number, number])
                #expect(try await client.receive(2) == [number, number])
            }
        }
    }

    @Test("Bytes received before the relay are relayed first", arguments: FeatureSet.allCases)
    func receivedBefore(set: FeatureSet) async throws {
        let listener = try PeerListener()
        let (ready, gate) = (Channel<Void>(), Gate())
        let handler: TCPServer.Handler = { client in
            let first = try await client.gather(1)
            // More is received while the handler waits.
            ready.send(())
            await gate.wait()
            try await client.eventLoop.connect(to: listener.address) { upstream in
                try await upstream.write(first)
                try await client.relay(to: upstream)
            }
        }
        try await withServer(set, handler: handler) { server in
            let client = try await Peer.connect(to: server.address)
            let request = randomBytes(100_000)
            try await client.send(Array(request.prefix(10)))
            try await ready.next()
            try await client.send(Array(request.dropFirst(10)))
            client.finish()
            try await eventually { await server.group.statistics().bytesReceived == request.count }
            gate.open()
            let upstream = try await listener.accept()
            #expect(difference(try await upstream.receiveAll(), from: request) == nil)
            upstream.close()
            #expect(try await client.receiveAll().isEmpty)
        }
    }

    @Test("A side that does not receive stops the other, and nothing is lost", arguments: FeatureSet.allCases)
    func slowSide(set: FeatureSet) async throws {
        var narrow = EventLoop.Configuration()
        narrow.receiveWindow = 128 << 10
        narrow.highWatermark = 128 << 10
        narrow.lowWatermark = 32 << 10
        let queued = Channel<Int>()
        try await withRelay(set, configuration: narrow, clientBuffer: 4096, queued: queued) { client, upstream in
            let reply = randomBytes(12 << 20)
            async let sent: Void = upstream.send(reply)
            // The relay has stopped reading from the upstream: its queue was at the window, and some of it may have
            // been sent since.
            let bytes = try await queued.next()
            #expect(bytes > 32 << 10)
            // Without a receive limit, a receive continues until its cancellation completes.
            #expect(bytes <= (128 << 10) * 2 + (set.features.receiveLimits ? 1 : 32) * (256 << 10))
            // The other direction is not disturbed.
            try await client.send([1, 2, 3])
            #expect(try await upstream.receive(3) == [1, 2, 3])
            async let received = client.receive(reply.count)
            try await sent
            #expect(difference(try await received, from: reply) == nil)
        }
    }
}
