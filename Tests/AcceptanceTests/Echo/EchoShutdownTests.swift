import Foundation
import Testing

extension AcceptanceTests {
    /// SIGTERM and SIGINT: no new connections, time for open ones, then a reset, and exit code 0.
    @Suite("echo: shutdown")
    struct EchoShutdownTests {
        @Test("An idle server ends at once", arguments: [SIGTERM, SIGINT])
        func idle(signal: Int32) async throws {
            // With a grace of an hour, only a server that does not wait for it ends within the test's time limit.
            let server = try await Server.echo(["--grace", "1h"])
            let farewell = try await server.stop(signal)
            #expect(farewell.connections == 0)
            #expect(farewell.received == 0)
            #expect(farewell.sent == 0)
        }

        @Test("A relayed connection continues within the grace, while new ones are refused", arguments: [1, 2])
        func withinGrace(loops: Int) async throws {
            let upstream = try await Server.echo(["--loops", "1"])
            let server = try await Server.proxy(to: upstream.port, ["--loops", "\(loops)", "--grace", "1h"])
            let client = try await Peer.connect(to: server)
            let before = try await client.send(1000)
            #expect(try await client.receive(1000) == before)

            server.command.send(SIGTERM)
            #expect(try await poll({ try isListening(at: server.port) }, until: { !$0 }) == false)

            let after = try await client.send(.KiB(64))
            #expect(try await client.receive(.KiB(64)) == after)
            try await client.finish()
            #expect(try await client.drain().end == .eof)

            let farewell = try await server.farewell()
            #expect(farewell.received == 2 * (1000 + .KiB(64)))
            try await upstream.stop()
        }

        @Test(
            "An idle connection ends gracefully and does not delay the shutdown",
            arguments: [SIGTERM, SIGINT]
        )
        func idleConnection(signal: Int32) async throws {
            let server = try await Server.echo(["--grace", "1h"])
            let client = try await Peer.connect(to: server)
            let sent = try await client.send(1000)
            #expect(try await client.receive(1000) == sent)

            server.command.send(signal)
            #expect(try await client.drain().end == .eof)
            // The client has not closed its side.
            try await server.farewell()
        }

        @Test("SIGHUP does not end a server, and SIGUSR1 prints its figures")
        func otherSignals() async throws {
            let server = try await Server.echo()
            let client = try await Peer.connect(to: server)
            let sent = try await client.send(1000)
            #expect(try await client.receive(1000) == sent)
            server.command.send(SIGHUP)
            server.command.send(SIGUSR1)
            #expect(
                try await server.command.output.line(from: 1)?.hasPrefix("served 1 connections, 1000 bytes") == true
            )
            let more = try await client.send(1000)
            #expect(try await client.receive(1000) == more)
            try await server.stop()
        }

        @Test("A client that does not receive cannot delay the shutdown")
        func stalled() async throws {
            let server = try await Server.echo(["--grace", "200ms"])
            let client = try await Peer.connect(to: server)
            _ = try await client.fill()
            try await server.stop()
        }

        @Test("Busy connections end with the server", arguments: [1, 2])
        func underLoad(loops: Int) async throws {
            let server = try await Server.echo(["--loops", "\(loops)", "--grace", "200ms"])
            let load = try RunningCommand([Eddy.path, "load", "tcp://127.0.0.1:\(server.port)", "-c", "50", "-d", "1m"])
            let busy = try await poll({ try server.process.processorTime() }, until: { $0 > .milliseconds(200) })
            #expect(busy > .milliseconds(200))

            let farewell = try await server.stop()
            // A client whose connection was ended may reconnect to a loop that has not learned of the shutdown yet.
            #expect(farewell.connections >= 50)
            #expect(farewell.received > 0)
            load.send(SIGKILL)
            _ = try await load.ending()
        }
    }
}
