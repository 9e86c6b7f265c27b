import Foundation
import Testing

extension AcceptanceTests {
    /// Systems that give little, or less than Eddy can use.
    @Suite("faults: little to be had")
    struct SystemFaultTests {
        /// Clients whose sockets have buffers of a few KiB, too.
        private static let tiny = shell("export TINY_BUFFERS=1")

        @Test("Through tiny buffers an echo is whole")
        func tinyEcho() async throws {
            let line = Client.line("tiny_buffers.py", [Eddy.path, "echo", "--listen", "fd:3", "--loops", "1"])
            let server = try await Server(line)
            let mirror = try await Mirror.run(at: server, connections: 5, bytes: .MiB(1), under: Self.tiny)
            #expect(mirror == Mirror(identical: 5))
            let farewell = try await server.stop()
            #expect(farewell.received == .MiB(5))
            #expect(farewell.sent == .MiB(5))
        }

        @Test("Through tiny buffers a relay is whole, both ways")
        func tinyRelay() async throws {
            let upstream = try await Server(Self.tiny + Client.line("echo_server.py", []))
            let command = [
                Eddy.path, "proxy", "--listen", "fd:3", "--to", "127.0.0.1:\(upstream.port)", "--loops", "1",
            ]
            let proxy = try await Server(Client.line("tiny_buffers.py", command))
            let mirror = try await Mirror.run(at: proxy, connections: 5, bytes: .MiB(1), under: Self.tiny)
            #expect(mirror == Mirror(identical: 5))
            try await proxy.stop()
        }

        @Test("Without any one feature of the system, an echo and a relay are the same")
        func features() async throws {
            let features = try await Diagnosis.make().features
            #expect(features.count >= 7)
            for feature in features {
                let environment = shell("export EDDY_DISABLE=\(feature.name)")
                let server = try await Server.echo(under: environment)
                let proxy = try await Server.proxy(to: server.port, under: environment)
                let mirror = try await Mirror.run(at: proxy, connections: 5, bytes: .MiB(2))
                #expect(mirror == Mirror(identical: 5), "without \(feature.name)")
                // The proxy counts both of its sides.
                let (relayed, echoed) = (try await proxy.stop(), try await server.stop())
                #expect(relayed.received == .MiB(20) && relayed.sent == .MiB(20), "without \(feature.name)")
                #expect(echoed.received == .MiB(10) && echoed.sent == .MiB(10), "without \(feature.name)")
            }
        }

        @Test("A proxy with more clients than descriptors relays those it can, and goes on afterwards")
        func fewDescriptors() async throws {
            let upstream = try await Server(Client.line("echo_server.py", []))
            let proxy = try await Server.proxy(to: upstream.port, ["--loops", "1"], under: shell("ulimit -n 40"))
            let crowd = try Crowd(at: proxy)
            try await crowd.open(60)
            let answered = try await crowd.greet()
            #expect(answered >= 1)
            #expect(answered < 40)
            try await crowd.close()
            #expect(try await Mirror.run(at: proxy, connections: 5, bytes: .MiB(1)) == Mirror(identical: 5))
            try await proxy.stop(notice: "connections are in use")
        }
    }
}
