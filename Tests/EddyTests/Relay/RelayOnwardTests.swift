import Testing

@testable import Eddy

/// A relay that makes its upstream connection itself.
@Suite("relay: onward", .serialized, .timeLimit(.minutes(5)))
struct RelayOnwardTests {
    @Test("Bytes that the client sends before the upstream connection is made arrive", arguments: FeatureSet.allCases)
    func relays(set: FeatureSet) async throws {
        let listener = try PeerListener()
        let handler: TCPServer.Handler = { try await $0.relay(to: Endpoint(listener.address)) }
        try await withServer(set, handler: handler) { server in
            let client = try await Peer.connect(to: server.address)
            try await client.send([1, 2, 3])
            let upstream = try await listener.accept()
            #expect(try await upstream.receive(3) == [1, 2, 3])
            try await upstream.send([4])
            #expect(try await client.receive(1) == [4])
            client.finish()
            #expect(try await upstream.receiveAll() == [])
            upstream.close()
            #expect(try await client.receiveAll() == [])
            client.close()
        }
    }

    @Test("A relay whose upstream refuses is counted, and reported with the client and the upstream")
    func upstreamRefuses() async throws {
        let closed = try ClosedPort()
        let incidents = Channel<(error: any Error, peer: SocketAddress?)>()
        var options = TCPServer.Options()
        options.onIncident = { if case .handlerFailed(let error, let peer) = $0 { incidents.send((error, peer)) } }
        let handler: TCPServer.Handler = { try await $0.relay(to: Endpoint(closed.address)) }
        let statistics = try await withServer(options: options, handler: handler) { server in
            for _ in 0..<3 {
                let client = try await Peer.connect(to: server.address)
                let incident = try await incidents.next()
                let attempt = ConnectAttempt(closed.address, .connectionRefused)
                #expect(incident.error as? ConnectError == .refused(Endpoint(closed.address), [attempt]))
                #expect(incident.peer == client.localAddress)
                client.close()
            }
        }
        #expect(statistics.connectFailures == 3)
    }

    @Test("A client that half-closes before the upstream connection is made gets its answer")
    func clientEndsFirst() async throws {
        let listener = try PeerListener()
        let gate = Gate()
        defer { gate.open() }
        var options = ConnectOptions()
        options.resolver = Resolver { _ throws(AddressError) in
            gate.waitBlocking()
            return [listener.address]
        }
        let handler: TCPServer.Handler = { [options] client in
            try await client.relay(to: Endpoint("name:\(listener.address.port)"), options: options)
        }
        try await withServer(handler: handler) { server in
            let client = try await Peer.connect(to: server.address)
            try await client.send([1, 2, 3])
            client.finish()
            let loop = server.group.loops[0]
            try await eventually {
                await loop.run { loop.driver.connections.count == 1 && loop.collectStatistics().bytesReceived == 3 }
            }
            gate.open()
            let upstream = try await listener.accept()
            #expect(try await upstream.receiveAll() == [1, 2, 3])
            try await upstream.send([4])
            upstream.close()
            #expect(try await client.receiveAll() == [4])
            client.close()
        }
    }

    @Test("A client that resets while the upstream connection is being made cancels it", arguments: FeatureSet.allCases)
    func clientLeaves(set: FeatureSet) async throws {
        let hole = try BlackHole()
        var configuration = EventLoop.Configuration()
        configuration.connectTimeout = .seconds(1000)
        let errors = Channel<ConnectionError?>()
        let handler: TCPServer.Handler = { client in
            do {
                try await client.relay(to: Endpoint(hole.address))
            } catch {
                errors.send(error as? ConnectionError)
            }
        }
        try await withServer(set, configuration: configuration, handler: handler) { server in
            let client = try await Peer.connect(to: server.address)
            try await client.send([1, 2, 3])
            try await eventually { await server.group.statistics().connections == 2 }
            client.reset()
            #expect(try await errors.next() == .reset)
            try await eventually { await server.group.statistics().connections == 0 }
        }
    }

    @Test("Without an upstream listener the handler gets the reason")
    func refused() async throws {
        let closed = try ClosedPort()
        let errors = Channel<ConnectError?>()
        let handler: TCPServer.Handler = { client in
            _ = try await client.read(exactly: 1)
            do {
                try await client.relay(to: Endpoint(closed.address))
            } catch {
                errors.send(error as? ConnectError)
                throw error
            }
        }
        try await withServer(handler: handler) { server in
            let client = try await Peer.connect(to: server.address)
            try await client.send([1])
            let expected = ConnectError.refused(
                Endpoint(closed.address),
                [ConnectAttempt(closed.address, .connectionRefused)]
            )
            #expect(try await errors.next() == expected)
            #expect(try await client.receiveUntilBroken().error == .connectionReset)
        }
    }
}
