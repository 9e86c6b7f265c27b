import Foundation
import Testing

extension AcceptanceTests {
    /// Peers whose processes are stopped by SIGSTOP, as by a debugger or a frozen container: their systems acknowledge
    /// bytes until the buffers are full, and the other side gets no notice.
    @Suite("faults: suspended peers")
    struct SuspendedPeerTests {
        @Test("A peer that is suspended in a transfer loses nothing and disturbs no other peer")
        func echo() async throws {
            let server = try await Server.echo(["--loops", "1"])
            try await expectNothingLost(at: server)
            try await server.stop()
        }

        @Test("A client of the proxy that is suspended in a transfer loses nothing and disturbs no other client")
        func proxy() async throws {
            let upstream = try await Server(Client.line("echo_server.py", []))
            let proxy = try await Server.proxy(to: upstream.port, ["--loops", "1"])
            try await expectNothingLost(at: proxy)
            try await proxy.stop()
        }

        private func expectNothingLost(at server: Server) async throws {
            let peer = try await Peer.connect(to: server)
            async let exchanged = peer.exchange(.MiB(32), stoppingAt: .MiB(4))
            try await peer.waitUntilSuspended()
            #expect(try await Mirror.run(at: server, connections: 5, bytes: .MiB(4)) == Mirror(identical: 5))
            peer.resume()
            let exchange = try await exchanged
            #expect(exchange.sent == exchange.received)
            #expect(exchange.received.bytes == .MiB(32))
        }

        @Test("A suspended client pauses its upstream, in bounded memory, and gets everything when it resumes")
        func receiver() async throws {
            let upstream = try await Peer.listen()
            let proxy = try await Server.proxy(to: upstream.port, ["--loops", "1"])
            let client = try await Peer.connect(to: proxy)
            try await upstream.peer.accept()
            let greeting = try await upstream.peer.send(100)
            #expect(try await client.receive(100) == greeting)
            let before = try proxy.process.residentMemory()

            try await client.suspend()
            let sent = try await upstream.peer.fill()
            // The systems' own buffers on the way take tens of MiB. A proxy that does not pause takes everything.
            #expect(sent.bytes < .MiB(160))
            #expect(try proxy.process.residentMemory() < before + .MiB(16))

            try await upstream.peer.finish()
            client.resume()
            #expect(try await client.drain() == sent.then(.eof))
            try await client.close()
            try await proxy.stop()
        }

        @Test("A server with a suspended peer that blocks bytes still ends, with every slice returned")
        func end() async throws {
            let server = try await Server.echo(["--loops", "1", "--grace", "200ms"])
            let peer = try await Peer.connect(to: server)
            _ = try await peer.fill()
            try await peer.suspend()
            try await server.stop()
        }
    }
}
