import Foundation
import Testing

extension AcceptanceTests {
    /// What failed relays leave: a line for the operator, and a count.
    @Suite("proxy: failed relays")
    struct ProxyFailureTests {
        private struct Callers: Decodable {
            let ports: [Int]
        }

        @Test("Many failed relays print one line with client, upstream and reason, and all are counted")
        func refused() async throws {
            let port = try freePort()
            let start = ContinuousClock.now
            let proxy = try await Server.proxy(to: port)
            let callers: Callers = try await Client.run("callers.py", "\(proxy.port)", "20")
            #expect(callers.ports.count == 20)
            #expect(try await proxy.figures().connectFailures == 20)

            proxy.command.send(SIGTERM)
            #expect(try await proxy.command.ending() == .exit(0))
            #expect(Farewell(try await proxy.command.output.all())?.connectFailures == 20)
            let lines = try await proxy.command.errors.all().filter { !$0.hasPrefix("eddy: event loop ") }
            // One line in ten seconds; a busy machine may take longer for all of them.
            let most = 1 + Int((ContinuousClock.now - start) / .seconds(10))
            #expect((1...most).contains(lines.count), "\(lines)")
            let relay = "eddy: cannot relay 127.0.0.1:\(callers.ports[0]): cannot connect to 127.0.0.1:\(port): "
            #expect(lines.first?.hasPrefix(relay + "connection refused") == true, "\(lines)")
        }

        @Test("A failed relay to a name that does not resolve names it, and is counted")
        func unresolved() async throws {
            let proxy = try await Server(
                [Eddy.path, "proxy", "--listen", "127.0.0.1:0", "--to", "no-such-host.invalid:80"]
            )
            let callers: Callers = try await Client.run("callers.py", "\(proxy.port)", "1")
            let farewell = try await proxy.stop(notice: "no-such-host.invalid")
            #expect(farewell.connectFailures == 1)
            let line = try await proxy.command.errors.line { !$0.hasPrefix("eddy: event loop ") }
            #expect(line?.hasPrefix("eddy: cannot relay 127.0.0.1:\(callers.ports[0]): ") == true)
        }

        @Test("A relay that the client has given up is not reported as a failure")
        func clientBreaks() async throws {
            let upstream = try await Peer.listen()
            let proxy = try await Server.proxy(to: upstream.port)
            let client = try await Peer.connect(to: proxy)
            try await upstream.peer.accept()
            try await client.reset()
            #expect(try await upstream.peer.drain().end == .reset)
            #expect(try await proxy.stop().connectFailures == 0)
        }
    }
}
