import Eddy
import Testing

@testable import Eddy

/// A server that shuts down ends idle connections at once and gracefully, and finishes messages in progress.
@Suite("server: drain", .serialized, .timeLimit(.minutes(5)))
struct DrainTests {
    /// Answers each line; says goodbye if the server's shutdown ended the connection.
    private static let answerLines: TCPServer.Handler = { connection in
        while let line = try await connection.readLine(limit: 100) {
            try await connection.write(line, Buffer.from("\n"))
        }
        if connection.isServerShuttingDown { try await connection.write("goodbye\n") }
    }

    /// Begins a shutdown, and waits until the connection has seen it.
    private static func shutDown(_ server: TCPServer, whileServing id: ConnectionID) async throws {
        server.shutDown(grace: .seconds(1000))
        let loop = server.group.next()
        try await eventually { await loop.run { loop.driver.connections[id].drain.isDraining } }
    }

    @Test(
        "A thousand idle peers that do not close are ended gracefully and do not delay the shutdown",
        arguments: FeatureSet.allCases
    )
    func idle(set: FeatureSet) async throws {
        var peers: [Peer] = []
        // A server that waits for its peers to close exceeds the grace, and the test fails.
        var configuration = EventLoop.Configuration()
        configuration.closeTimeout = .seconds(1000)
        let statistics = try await withServer(set, configuration: configuration, handler: Self.answerLines) { server in
            for number in 0..<1000 {
                let peer = try await Peer.connect(to: server.address)
                peers.append(peer)
                // Every second one never sends anything.
                guard number % 2 == 0 else { continue }
                try await peer.send(Array("hello\n".utf8))
                #expect(try await peer.receive(6) == Array("hello\n".utf8))
            }
            try await eventually { await server.group.statistics().connectionsAccepted == 1000 }
        }
        #expect(statistics.connections == 0)
        // The server has ended, and the peers are still connected.
        for peer in peers {
            #expect(try await peer.receiveAll() == Array("goodbye\n".utf8))
            #expect(peer.pendingError == nil)
        }
    }

    @Test("A very short grace or close timeout resets no idle peer", arguments: [true, false])
    func shortTimes(isGrace: Bool) async throws {
        var configuration = EventLoop.Configuration()
        if !isGrace { configuration.closeTimeout = .milliseconds(20) }
        let grace = isGrace ? Duration.milliseconds(50) : patience
        try await withServer(configuration: configuration, grace: grace, handler: Self.answerLines) { server in
            let peer = try await Peer.connect(to: server.address)
            try await peer.send(Array("hello\n".utf8))
            #expect(try await peer.receive(6) == Array("hello\n".utf8))
            server.shutDown(grace: grace)
            try await eventually { await server.group.statistics().connections == 0 }
            #expect(try await peer.receiveAll() == Array("goodbye\n".utf8))
            #expect(peer.pendingError == nil)
        }
    }

    @Test("A message in progress is received and answered before the connection ends", arguments: FeatureSet.allCases)
    func withinAMessage(set: FeatureSet) async throws {
        try await withServer(set, handler: Self.answerLines) { server in
            let peer = try await Peer.connect(to: server.address)
            try await peer.send(Array("hel".utf8))
            try await eventually { await server.group.statistics().bytesReceived == 3 }
            server.shutDown(grace: .seconds(1000))
            try await peer.send(Array("lo\n".utf8))
            #expect(try await peer.receiveAll() == Array("hello\ngoodbye\n".utf8))
        }
    }

    @Test("A message that the handler has partly read is received and answered", arguments: FeatureSet.allCases)
    func partlyTaken(set: FeatureSet) async throws {
        let taken = Channel<ConnectionID>()
        let handler: TCPServer.Handler = { connection in
            var message: [UInt8] = []
            while message.count < 2, let bytes = try await connection.read() {
                message += Array(bytes)
                taken.send(connection.id)
            }
            try await connection.write(message)
        }
        try await withServer(set, handler: handler) { server in
            let peer = try await Peer.connect(to: server.address)
            try await peer.send([1])
            try await Self.shutDown(server, whileServing: taken.next())
            try await peer.send([2])
            #expect(try await peer.receiveAll() == [1, 2])
        }
    }

    @Test("A message that began to arrive with the one before it is answered", arguments: FeatureSet.allCases)
    func begunWithTheOneBefore(set: FeatureSet) async throws {
        let ids = Channel<ConnectionID>()
        let handler: TCPServer.Handler = { connection in
            ids.send(connection.id)
            while try await connection.read(exactly: 1) != nil {
                guard let body = try await connection.read(exactly: 1) else { return }
                try await connection.write(body)
            }
        }
        try await withServer(set, handler: handler) { server in
            let peer = try await Peer.connect(to: server.address)
            // A head and its body, and the head of the next message.
            try await peer.send([1, 10, 2])
            #expect(try await peer.receive(1) == [10])
            try await Self.shutDown(server, whileServing: ids.next())
            try await peer.send([20])
            #expect(try await peer.receiveAll() == [20])
        }
    }

    @Test("Messages that have arrived are answered", arguments: FeatureSet.allCases)
    func pipelined(set: FeatureSet) async throws {
        let (gate, waiting) = (Gate(), Channel<Void>())
        let handler: TCPServer.Handler = { connection in
            waiting.send(())
            await gate.wait()
            try await Self.answerLines(connection)
        }
        let lines = (0..<1000).map { "line \($0)\n" }.joined()
        try await withServer(set, handler: handler) { server in
            let peer = try await Peer.connect(to: server.address)
            try await peer.send(Array(lines.utf8))
            try await waiting.next()
            server.shutDown(grace: .seconds(1000))
            gate.open()
            #expect(try await peer.receiveAll() == Array((lines + "goodbye\n").utf8))
        }
    }

    @Test("A long answer is delivered to a slow peer", arguments: FeatureSet.allCases)
    func withinAnAnswer(set: FeatureSet) async throws {
        let answer = randomBytes(8 << 20)
        let asked = Channel<Void>()
        let handler: TCPServer.Handler = { connection in
            while try await connection.read() != nil {
                asked.send(())
                try await connection.write(answer)
            }
        }
        try await withServer(set, handler: handler) { server in
            let peer = try await Peer.connect(to: server.address, receiveBuffer: 64 << 10)
            try await peer.send([1])
            try await asked.next()
            server.shutDown(grace: .seconds(1000))
            #expect(difference(try await peer.receiveAll(), from: answer) == nil)
        }
    }

    @Test(
        "A connection that was closing before the shutdown does not wait for its peer's end",
        arguments: FeatureSet.allCases
    )
    func closingBefore(set: FeatureSet) async throws {
        var configuration = EventLoop.Configuration()
        configuration.closeTimeout = .seconds(1000)
        let handler: TCPServer.Handler = { connection in try await connection.write("goodbye\n") }
        try await withServer(set, configuration: configuration, grace: .zero, handler: handler) { server in
            let peer = try await Peer.connect(to: server.address)
            #expect(try await peer.receiveAll() == Array("goodbye\n".utf8))
            #expect(await server.group.statistics().connections == 1)
            server.shutDown(grace: .seconds(1000))
            try await eventually { await server.group.statistics().connections == 0 }
            peer.close()
        }
    }

    @Test(
        "An answer written after the shutdown is delivered to a slow peer that keeps its connection",
        arguments: FeatureSet.allCases
    )
    func slowPeer(set: FeatureSet) async throws {
        var configuration = EventLoop.Configuration()
        configuration.closeTimeout = .seconds(1000)
        let answer = randomBytes(2 << 20)
        let (gate, asked) = (Gate(), Channel<Void>())
        let handler: TCPServer.Handler = { connection in
            _ = try await connection.read(exactly: 1)
            asked.send(())
            await gate.wait()
            try await connection.write(answer)
        }
        try await withServer(set, configuration: configuration, grace: .zero, handler: handler) { server in
            let peer = try await Peer.connect(to: server.address, receiveBuffer: 64 << 10)
            try await peer.send([1])
            try await asked.next()
            server.shutDown(grace: .seconds(1000))
            gate.open()
            let (bytes, error) = try await peer.receiveUntilBroken(pause: .milliseconds(1))
            #expect(difference(bytes, from: answer) == nil)
            #expect(error == nil)
            try await eventually { await server.group.statistics().connections == 0 }
            peer.close()
        }
    }

    @Test("A peer that has half-closed gets its answer", arguments: FeatureSet.allCases)
    func halfClosed(set: FeatureSet) async throws {
        let (gate, asked) = (Gate(), Channel<Void>())
        let handler: TCPServer.Handler = { connection in
            while let bytes = try await connection.read() {
                asked.send(())
                await gate.wait()
                try await connection.write(bytes)
            }
        }
        try await withServer(set, handler: handler) { server in
            let peer = try await Peer.connect(to: server.address)
            try await peer.send([7])
            peer.finish()
            try await asked.next()
            server.shutDown(grace: .seconds(1000))
            gate.open()
            #expect(try await peer.receiveAll() == [7])
        }
    }

    /// Runs `body` with a server that relays, and both peers of a relay.
    private func withRelayingServer(
        _ set: FeatureSet,
        _ body: (_ server: TCPServer, _ client: Peer, _ upstream: Peer) async throws -> Void
    ) async throws {
        let upstream = try PeerListener()
        let handler: TCPServer.Handler = { client in try await client.relay(to: Endpoint(upstream.address)) }
        try await withServer(set, grace: .zero, handler: handler) { server in
            let client = try await Peer.connect(to: server.address)
            try await body(server, client, try await upstream.accept())
        }
    }

    @Test(
        "An active relay continues, and an idle one ends gracefully with the grace",
        arguments: FeatureSet.allCases
    )
    func relayed(set: FeatureSet) async throws {
        try await withRelayingServer(set) { server, client, other in
            try await client.send([1])
            #expect(try await other.receive(1) == [1])
            server.shutDown(grace: .milliseconds(300))
            try await other.send([2])
            #expect(try await client.receive(1) == [2])
            let (fromServer, fromClient) = (try await client.receiveUntilBroken(), try await other.receiveUntilBroken())
            #expect(fromServer.bytes.isEmpty && fromServer.error == nil)
            #expect(fromClient.bytes.isEmpty && fromClient.error == nil)
        }
    }

    @Test("The upstream of a relay that ended gracefully is not reset when the server ends its loops")
    func relayedUpstream() async throws {
        let upstream = try PeerListener()
        let server = try TCPServer(on: "127.0.0.1:0", loops: 1)
        async let running = server.run { client in try await client.relay(to: Endpoint(upstream.address)) }
        let client = try await Peer.connect(to: server.address)
        let other = try await upstream.accept()
        try await client.send([1])
        #expect(try await other.receive(1) == [1])
        server.shutDown(grace: .milliseconds(1))
        #expect(try await client.receiveAll().isEmpty)
        client.close()
        _ = await running
        #expect(try await other.receiveAll().isEmpty)
        #expect(other.pendingError == nil)
        other.close()
    }

    @Test("An upload that the grace cuts off does not end gracefully for its receiver", arguments: FeatureSet.allCases)
    func relayedUpload(set: FeatureSet) async throws {
        try await withRelayingServer(set) { server, client, other in
            // Small pieces with small pauses: at most times nothing is in flight.
            async let longestPause = client.trickle()
            #expect(try await other.receive(1).count == 1)
            server.shutDown(grace: .milliseconds(100))
            let received = try await other.receiveUntilBroken()
            // If the machine delayed the client for longer, the relay was idle.
            guard try await longestPause < .milliseconds(100) else { return }
            #expect(received.error == .connectionReset)
        }
    }

    @Test("A relay whose receiver takes nothing is reset at the end of the grace", arguments: FeatureSet.allCases)
    func relayedToStalledPeer(set: FeatureSet) async throws {
        try await withRelayingServer(set) { server, client, other in
            _ = try await client.fill()
            server.shutDown(grace: .milliseconds(100))
            #expect(try await client.receiveUntilBroken().error == .connectionReset)
            #expect(try await other.receiveUntilBroken().error == .connectionReset)
        }
    }
}
