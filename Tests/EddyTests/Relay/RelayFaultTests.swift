import Eddy
import Testing

@testable import Eddy

/// When one side fails, the relay flushes what it sent to the other side, then resets that side too.
@Suite("relay: faults", .serialized, .timeLimit(.minutes(5)))
struct RelayFaultTests {
    @Test("A reset of the client reaches the upstream", arguments: FeatureSet.allCases)
    func clientResets(set: FeatureSet) async throws {
        let errors = Channel<ConnectionError?>()
        try await withRelay(set, errors: errors) { client, upstream in
            try await client.send([1, 2, 3])
            #expect(try await upstream.receive(3) == [1, 2, 3])
            client.reset()
            let (bytes, error) = try await upstream.receiveUntilBroken()
            #expect(bytes.isEmpty)
            #expect(error == .connectionReset)
            #expect(try await errors.next() == .reset)
        }
    }

    @Test("A reset of the upstream reaches the client", arguments: FeatureSet.allCases)
    func upstreamResets(set: FeatureSet) async throws {
        let errors = Channel<ConnectionError?>()
        try await withRelay(set, errors: errors) { client, upstream in
            try await upstream.send([1, 2, 3])
            #expect(try await client.receive(3) == [1, 2, 3])
            upstream.reset()
            #expect(try await client.receiveUntilBroken().error == .connectionReset)
            #expect(try await errors.next() == .reset)
        }
    }

    @Test("A slow client gets everything received before the upstream's reset", arguments: FeatureSet.allCases)
    func resetBehindQueue(set: FeatureSet) async throws {
        let listener = try PeerListener()
        let handler: TCPServer.Handler = { client in
            try await client.eventLoop.connect(to: listener.address) { upstream in
                try await client.relay(to: upstream)
            }
        }
        let reply = randomBytes(400_000)
        try await withServer(set, handler: handler) { server in
            let client = try await Peer.connect(to: server.address, receiveBuffer: 4096)
            let upstream = try await listener.accept()
            try await upstream.send(reply)
            // It is in the relay's memory or on its way to the client before the upstream resets.
            try await eventually { await server.group.statistics().bytesReceived == reply.count }
            upstream.reset()
            let (bytes, error) = try await client.receiveUntilBroken()
            #expect(difference(bytes, from: reply) == nil)
            #expect(error == .connectionReset)
        }
    }

    @Test("Bytes that arrive together with a reset are passed on", arguments: FeatureSet.allCases)
    func bytesWithReset(set: FeatureSet) async throws {
        let listener = try PeerListener()
        let handler: TCPServer.Handler = { client in
            try await client.eventLoop.connect(to: listener.address) { try await client.relay(to: $0) }
        }
        try await withServer(set, handler: handler) { server in
            let client = try await Peer.connect(to: server.address)
            let upstream = try await listener.accept()
            try await upstream.send([1])
            #expect(try await client.receive(1) == [1])
            try await whileBlocked(server.group.loops[0]) {
                try await upstream.send([2, 3])
                upstream.reset()
                // Its send fails in any case, so the reset is noticed even if the receive does not report it.
                try await client.send([4])
            }
            let (bytes, error) = try await client.receiveUntilBroken()
            #expect(bytes == [2, 3])
            #expect(error == .connectionReset)
        }
    }

    @Test("The side that is left can be used like before the relay", arguments: FeatureSet.allCases)
    func sideThatIsLeft(set: FeatureSet) async throws {
        let listener = try PeerListener()
        let ends = Channel<(limit: UInt64?, downstream: ConnectionID?)>()
        let handler: TCPServer.Handler = { client in
            let (loop, id) = (client.eventLoop, client.id)
            try await loop.connect(to: listener.address) { upstream in
                do throws(ConnectionError) { try await client.relay(to: upstream) } catch {}
            }
            let state = loop.driver.connections[id]
            ends.send((state.deadlines.map { loop.driver.deadlines[$0].relayTimeout }, state.downstream))
        }
        try await withServer(set, handler: handler) { server in
            let client = try await Peer.connect(to: server.address)
            let upstream = try await listener.accept()
            _ = try await upstream.fill()
            upstream.reset()
            // Its send fails: what the upstream sent before must reach the client in time.
            try await client.send([1])
            async let received = client.receiveUntilBroken()
            let end = try await ends.next()
            #expect(end.limit == ConnectionDeadlines.never)
            #expect(end.downstream == nil)
            #expect(try await received.error == .connectionReset)
        }
    }

    @Test("An upstream that refuses resets the client", arguments: FeatureSet.allCases)
    func upstreamRefuses(set: FeatureSet) async throws {
        let closed = try ClosedPort()
        let handler: TCPServer.Handler = { client in
            _ = try await client.read(exactly: 1)
            try await client.eventLoop.connect(to: closed.address) { upstream in try await client.relay(to: upstream) }
        }
        let statistics = try await withServer(set, handler: handler) { server in
            let client = try await Peer.connect(to: server.address)
            try await client.send([1])
            #expect(try await client.receiveUntilBroken().error == .connectionReset)
        }
        #expect(statistics.handlerFailures == 1)
        #expect(statistics.connectionsOpened == 0)
    }

    @Test("Cancelling a relay's task resets both sides", arguments: FeatureSet.allCases)
    func cancelled(set: FeatureSet) async throws {
        let (clients, upstreams) = (try PeerListener(), try PeerListener())
        try await withLoops(set) { group in
            let loop = group.next()
            let relay = Task {
                try await loop.run {
                    try await loop.connect(to: clients.address) { client in
                        try await loop.connect(to: upstreams.address) { try await client.relay(to: $0) }
                    }
                }
            }
            let (client, upstream) = (try await clients.accept(), try await upstreams.accept())
            try await client.send([1])
            #expect(try await upstream.receive(1) == [1])
            relay.cancel()
            await #expect(throws: ConnectionError.cancelled) { try await relay.value }
            for peer in [client, upstream] { #expect(try await peer.receiveUntilBroken().error == .connectionReset) }
            try await eventually { await group.statistics().connections == 0 }
            expectBalance(await group.statistics())
        }
    }

    @Test("Both sides may reset at once", arguments: FeatureSet.allCases)
    func bothReset(set: FeatureSet) async throws {
        let errors = Channel<ConnectionError?>()
        try await withRelay(set, errors: errors) { client, upstream in
            try await client.send(randomBytes(100_000))
            client.reset()
            upstream.reset()
            #expect(try await errors.next() == .reset)
        }
    }

    @Test("A relay of sides that are already broken ends at once", arguments: FeatureSet.allCases, [false, true])
    func brokenBefore(set: FeatureSet, upstreamEndsInOrder: Bool) async throws {
        let listener = try PeerListener()
        let (ready, errors) = (Channel<Void>(), Channel<ConnectionError?>())
        let handler: TCPServer.Handler = { client in
            let loop = client.eventLoop
            try await loop.connect(to: listener.address) { upstream in
                _ = try await client.read()
                _ = try await upstream.read()
                ready.send(())
                let flags = (client.id, upstream.id)
                while !loop.hasEnded(flags.0) || !loop.hasEnded(flags.1) { try await loop.sleep(for: .milliseconds(1)) }
                do throws(ConnectionError) {
                    try await client.relay(to: upstream)
                    errors.send(nil)
                } catch {
                    errors.send(error)
                }
            }
        }
        try await withServer(set, handler: handler) { server in
            let client = try await Peer.connect(to: server.address)
            let upstream = try await listener.accept()
            try await client.send([1])
            try await upstream.send([1])
            try await ready.next()
            client.reset()
            if upstreamEndsInOrder { upstream.finish() } else { upstream.reset() }
            #expect(try await errors.next() == .reset)
        }
    }

    @Test(
        "A shutdown without grace resets relays, also as the second shutdown",
        arguments: FeatureSet.allCases,
        [false, true]
    )
    func shutDown(set: FeatureSet, isSecondCall: Bool) async throws {
        let listener = try PeerListener()
        let errors = Channel<ConnectionError?>()
        let handler: TCPServer.Handler = { client in
            try await client.eventLoop.connect(to: listener.address) { upstream in
                do throws(ConnectionError) {
                    try await client.relay(to: upstream)
                } catch {
                    errors.send(error)
                    throw error
                }
            }
        }
        try await withServer(set, grace: .zero, handler: handler) { server in
            let client = try await Peer.connect(to: server.address)
            let upstream = try await listener.accept()
            try await client.send([1])
            _ = try await upstream.receive(1)
            if isSecondCall {
                server.shutDown(grace: .seconds(1000))
                // The relay continues.
                try await upstream.send([2])
                #expect(try await client.receive(1) == [2])
            }
            server.shutDown(grace: .zero)
            #expect(try await client.receiveUntilBroken().error == .connectionReset)
            #expect(try await upstream.receiveUntilBroken().error == .connectionReset)
            #expect(try await errors.next() == .shutDown)
        }
    }
}

extension EventLoop {
    /// Whether the peer has ended or broken the connection.
    fileprivate func hasEnded(_ id: ConnectionID) -> Bool {
        driver.connections[id].lifecycle.hasFailed || driver.connections[id].receiving.input == .ended
    }
}
