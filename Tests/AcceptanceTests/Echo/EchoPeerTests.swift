import Testing

extension AcceptanceTests {
    /// A peer's behaviour affects only that peer.
    @Suite("echo: unusual peers")
    struct EchoPeerTests {
        @Test("A client that half-closes still receives everything, then the end")
        func halfClose() async throws {
            let server = try await Server.echo()
            let client = try await Peer.connect(to: server)
            let sent = try await client.send(.KiB(64))
            try await client.finish()
            #expect(try await client.drain() == sent.then(.eof))
            try await server.stop()
        }

        @Test("A client that half-closes without sending gets the end of the stream")
        func nothingButTheEnd() async throws {
            let server = try await Server.echo()
            let client = try await Peer.connect(to: server)
            try await client.finish()
            let received = try await client.drain()
            #expect(received.bytes == 0)
            #expect(received.end == .eof)

            let farewell = try await server.stop()
            #expect(farewell.connections == 1)
        }

        @Test("Clients that reset while they send leave no descriptor and disturb no other client")
        func reset() async throws {
            let server = try await Server.echo()
            let bystander = try await Peer.connect(to: server)
            _ = try await bystander.send(1)
            _ = try await bystander.receive(1)
            let before = try server.process.descriptors()

            let crowd = try Crowd(at: server)
            try await crowd.open(50)
            #expect(try await crowd.greet() == 50)
            try await crowd.reset()

            let after = try await poll({ try server.process.descriptors() }, until: { $0 == before })
            #expect(after == before)
            let sent = try await bystander.send(.KiB(64))
            try await bystander.finish()
            #expect(try await bystander.drain() == sent.then(.eof))
            try await server.stop()
        }

        @Test("A client that does not receive is paused, in bounded memory, and gets everything later")
        func stall() async throws {
            let server = try await Server.echo(["--loops", "1"])
            #expect(try await Mirror.run(at: server, connections: 4, bytes: .MiB(4)) == Mirror(identical: 4))
            let before = try server.process.residentMemory()

            let staller = try await Peer.connect(to: server)
            let sent = try await staller.fill()
            // The system itself buffers tens of MiB for a connection. A server that does not pause takes everything.
            #expect(sent.bytes < .MiB(128))
            #expect(try server.process.residentMemory() < before + .MiB(16))

            #expect(try await Mirror.run(at: server, connections: 4, bytes: .MiB(4)) == Mirror(identical: 4))

            try await staller.finish()
            #expect(try await staller.drain() == sent.then(.eof))
            try await server.stop()
        }

        @Test("Silent clients disturb no other client, and are ended gracefully")
        func silence() async throws {
            let server = try await Server.echo(["--grace", "200ms"])
            let crowd = try Crowd(at: server)
            try await crowd.open(20)
            let silent = try await Peer.connect(to: server)
            #expect(try await Mirror.run(at: server, connections: 4, bytes: .MiB(1)) == Mirror(identical: 4))
            try await server.stop()
            #expect(try await silent.drain().end == .eof)
        }

        @Test("500 connections open and close, and no descriptor is left", arguments: [1, 2])
        func descriptors(loops: Int) async throws {
            let server = try await Server.echo(["--loops", "\(loops)"])
            let bystander = try await Peer.connect(to: server)
            _ = try await bystander.send(1)
            _ = try await bystander.receive(1)
            let before = try server.process.descriptors()

            let crowd = try Crowd(at: server)
            for _ in 1...2 {
                try await crowd.open(500)
                #expect(try await crowd.greet() == 500)
                #expect(try server.process.descriptors() == before + 500)
                try await crowd.close()
                let after = try await poll({ try server.process.descriptors() }, until: { $0 == before })
                #expect(after == before)
            }

            try await bystander.close()
            let farewell = try await server.stop()
            #expect(farewell.connections == 1001)
        }
    }
}
