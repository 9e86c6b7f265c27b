import Foundation
import Testing

extension AcceptanceTests {
    /// Systems with scarce resources, or fewer features than Eddy can use.
    @Suite("faults: scarce resources")
    struct SystemFaultTests {
        /// Gives clients' sockets buffers of a few KiB, too.
        private static let tiny = shell("export TINY_BUFFERS=1")

        @Test("An echo through tiny buffers is complete")
        func tinyEcho() async throws {
            let line = Client.line("tiny_buffers.py", [Eddy.path, "echo", "--listen", "fd:3", "--loops", "1"])
            let server = try await Server(line)
            let mirror = try await Mirror.run(at: server, connections: 5, bytes: .MiB(1), under: Self.tiny)
            #expect(mirror == Mirror(identical: 5))
            let farewell = try await server.stop()
            #expect(farewell.received == .MiB(5))
            #expect(farewell.sent == .MiB(5))
        }

        @Test("A relay through tiny buffers is complete in both directions")
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

        @Test("An echo and a relay work without any single feature of the system")
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

        @Test("A proxy with more clients than descriptors relays what it can, and resumes later")
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
