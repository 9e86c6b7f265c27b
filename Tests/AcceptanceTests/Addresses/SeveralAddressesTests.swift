import Foundation
import Testing

extension AcceptanceTests {
    /// `--listen` more than once.
    @Suite("addresses: several addresses")
    struct SeveralAddressesTests {
        @Test("Each address of --listen is announced in order, and served", arguments: ["echo", "proxy"])
        func all(kind: String) async throws {
            let upstream = try await Server.echo()
            let name = "unix:@eddy-\(UUID().uuidString)"
            let server = try RunningCommand(
                [Eddy.path, kind, "--listen", "127.0.0.1:0", "--listen", name, "--listen", "127.0.0.2:0"]
                    + (kind == "proxy" ? ["--to", "127.0.0.1:\(upstream.port)"] : [])
            )
            let addresses = try await server.readyAddresses(3)
            #expect(addresses[0].hasPrefix("127.0.0.1:"))
            #expect(addresses[1] == name)
            #expect(addresses[2].hasPrefix("127.0.0.2:"))
            for address in addresses { try await Visit.expectEcho(at: address) }
            let farewell = try await server.stop()
            #expect(farewell?.connections == 3)
            #expect(try await server.output.all().count { $0.hasPrefix("listening on ") } == 3)
            try await upstream.stop()
        }

        @Test("If one of several addresses is in use, none is served")
        func oneInUse() async throws {
            let other = try await Server.echo()
            let taken = "127.0.0.1:\(other.port)"
            let finished = try await Eddy.run("echo", "--listen", "127.0.0.1:0", "--listen", taken)
            #expect(finished.ending == .exit(1))
            #expect(finished.isOneClearLine(about: taken), "\(finished)")
            try await other.stop()
        }
    }
}
