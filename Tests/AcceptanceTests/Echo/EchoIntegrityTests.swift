import Testing

extension AcceptanceTests {
    /// Every byte is echoed: completely, in order, once.
    @Suite("echo: the bytes")
    struct EchoIntegrityTests {
        @Test("Many random bytes on one connection are echoed unchanged", arguments: [1, 2])
        func oneConnection(loops: Int) async throws {
            let size: Int = Eddy.isHeavy ? .MiB(1024) : .MiB(64)
            let server = try await Server.echo(["--loops", "\(loops)"])
            #expect(try await Mirror.run(at: server, connections: 1, bytes: size) == Mirror(identical: 1))

            let farewell = try await server.stop()
            #expect(farewell.connections == 1)
            #expect(farewell.received == size)
            #expect(farewell.sent == size)
        }

        @Test("Random bytes on 50 concurrent connections are echoed unchanged", arguments: [1, 2])
        func fiftyConnections(loops: Int) async throws {
            let size: Int = Eddy.isHeavy ? .MiB(64) : .MiB(4)
            let server = try await Server.echo(["--loops", "\(loops)"])
            #expect(try await Mirror.run(at: server, connections: 50, bytes: size) == Mirror(identical: 50))

            let farewell = try await server.stop()
            #expect(farewell.connections == 50)
            #expect(farewell.received == 50 * size)
            #expect(farewell.sent == 50 * size)
        }

        @Test("Bytes sent in pieces of any size are echoed unchanged", arguments: [1, 7, 1000, 70_000])
        func pieces(piece: Int) async throws {
            let server = try await Server.echo()
            let mirror = try await Mirror.run(at: server, connections: 4, bytes: 20_000 * min(piece, 100), piece: piece)
            #expect(mirror == Mirror(identical: 4))
            try await server.stop()
        }

        @Test("A single byte is echoed at once, without waiting for more")
        func singleByte() async throws {
            let server = try await Server.echo()
            let client = try await Peer.connect(to: server)
            for _ in 1...100 {
                let sent = try await client.send(1)
                #expect(try await client.receive(1) == sent)
            }
            try await client.close()
            try await server.stop()
        }
    }
}
