import Testing

extension AcceptanceTests {
    /// What one side sends reaches the other: the bytes, the end, the reset.
    @Suite("proxy: the relay")
    struct ProxyRelayTests {
        @Test("Different bytes flow in both directions at once", arguments: [1, 2])
        func bothWays(loops: Int) async throws {
            let size: Int = Eddy.isHeavy ? .MiB(64) : .MiB(16)
            let upstream = try await Peer.listen()
            let proxy = try await Server.proxy(to: upstream.port, ["--loops", "\(loops)"])
            let client = try await Peer.connect(to: proxy)
            try await upstream.peer.accept()

            async let exchanged = upstream.peer.exchange(size)
            let here = try await client.exchange(size)
            let there = try await exchanged
            #expect(here.received == there.sent)
            #expect(there.received == here.sent)
            #expect(here.sent.bytes == size)
            #expect(there.sent.bytes == size)

            let farewell = try await proxy.stop()
            #expect(farewell.connections == 1)
        }

        @Test("Many concurrent connections stay separate", arguments: [1, 2])
        func manyConnections(loops: Int) async throws {
            let upstream = try await Server(Client.line("echo_server.py", []))
            let proxy = try await Server.proxy(to: upstream.port, ["--loops", "\(loops)"])
            #expect(try await Mirror.run(at: proxy, connections: 50, bytes: .MiB(1)) == Mirror(identical: 50))

            let farewell = try await proxy.stop()
            #expect(farewell.connections == 50)
        }

        @Test("The upstream may send first")
        func upstreamSpeaksFirst() async throws {
            let upstream = try await Peer.listen()
            let proxy = try await Server.proxy(to: upstream.port)
            let client = try await Peer.connect(to: proxy)
            try await upstream.peer.accept()

            let greeting = try await upstream.peer.send(20)
            #expect(try await client.receive(20) == greeting)
            let reply = try await client.send(20)
            #expect(try await upstream.peer.receive(20) == reply)

            try await client.close()
            try await upstream.peer.close()
            try await proxy.stop()
        }

        @Test("A client that half-closes still receives 3 MiB, then the end")
        func clientFinishes() async throws {
            let upstream = try await Peer.listen()
            let proxy = try await Server.proxy(to: upstream.port)
            let client = try await Peer.connect(to: proxy)
            try await upstream.peer.accept()

            let request = try await client.send(100)
            try await client.finish()
            #expect(try await upstream.peer.drain() == request.then(.eof))

            async let response = upstream.peer.exchange(.MiB(3)).sent
            let received = try await client.drain()
            #expect(try await response == received)
            #expect(received.bytes == .MiB(3))
            #expect(received.end == .eof)
            try await proxy.stop()
        }

        @Test("An upstream that half-closes still receives 3 MiB, then the end")
        func upstreamFinishes() async throws {
            let upstream = try await Peer.listen()
            let proxy = try await Server.proxy(to: upstream.port)
            let client = try await Peer.connect(to: proxy)
            try await upstream.peer.accept()

            let greeting = try await upstream.peer.send(100)
            try await upstream.peer.finish()
            #expect(try await client.drain() == greeting.then(.eof))

            async let request = client.exchange(.MiB(3)).sent
            let received = try await upstream.peer.drain()
            #expect(try await request == received)
            #expect(received.bytes == .MiB(3))
            #expect(received.end == .eof)
            try await proxy.stop()
        }

        @Test("A reset of the upstream reaches the client, after the bytes that came before it")
        func upstreamResets() async throws {
            let upstream = try await Peer.listen()
            let proxy = try await Server.proxy(to: upstream.port)
            let client = try await Peer.connect(to: proxy)
            try await upstream.peer.accept()

            let sent = try await upstream.peer.send(.KiB(64))
            try await upstream.peer.reset()
            #expect(try await client.drain() == sent.then(.reset))
            try await proxy.stop()
        }

        @Test("A reset of the client reaches the upstream, after the bytes that came before it")
        func clientResets() async throws {
            let upstream = try await Peer.listen()
            let proxy = try await Server.proxy(to: upstream.port)
            let client = try await Peer.connect(to: proxy)
            try await upstream.peer.accept()

            let sent = try await client.send(.KiB(64))
            try await client.reset()
            #expect(try await upstream.peer.drain() == sent.then(.reset))
            try await proxy.stop()
        }
    }
}
