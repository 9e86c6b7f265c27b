import Foundation
import Testing

extension AcceptanceTests {
    /// Sockets that another program has opened for the server, as systemd does.
    @Suite("addresses: inherited sockets")
    struct InheritedSocketTests {
        private func activate(_ names: String, _ command: String...) throws -> RunningCommand {
            try RunningCommand(Client.line("activate.py", [names, Eddy.path] + command))
        }

        @Test("Serves the socket with the name or the descriptor", arguments: ["systemd:admin", "fd:3", "fd:4"])
        func serves(listen: String) async throws {
            let server = try activate("http:admin", "echo", "--listen", listen, "--loops", "2")
            let address = try await server.readyAddress()
            #expect(address.hasPrefix("127.0.0.1:"))
            for _ in 0..<3 { try await Visit.expectEcho(at: address) }
            try await server.stop()
        }

        @Test(
            "Serves all sockets with one name, and without a name all sockets",
            arguments: [("http:http", "systemd:http"), ("http:admin", "systemd:"), ("http:http", "systemd:")]
        )
        func several(names: String, listen: String) async throws {
            let server = try activate(names, "echo", "--listen", listen, "--loops", "2")
            let addresses = try await server.readyAddresses(2)
            #expect(Set(addresses).count == 2)
            for address in addresses { try await Visit.expectEcho(at: address) }
            #expect(try await server.stop()?.connections == 2)
        }

        @Test("A socket with a name other than the requested one is left alone")
        func otherName() async throws {
            let server = try activate("http:admin", "echo", "--listen", "systemd:http")
            try await Visit.expectEcho(at: try await server.readyAddress())
            try await server.stop()
            #expect(try await server.output.all().count { $0.hasPrefix("listening on ") } == 1)
        }

        @Test("An unknown socket name is refused with the list of known ones")
        func unknownName() async throws {
            let finished = try await RunningCommand.run(
                Client.line("activate.py", ["http:admin", Eddy.path, "echo", "--listen", "systemd:x"])
            )
            #expect(finished.ending == .exit(1))
            #expect(finished.isOneClearLine(about: "admin"), "\(finished)")
        }

        @Test("Rejects descriptors that are not listening sockets", arguments: ["fd:99", "fd:0", "systemd:"])
        func missing(listen: String) async throws {
            let finished = try await Eddy.run("echo", "--listen", listen)
            #expect(finished.ending == .exit(1))
            #expect(finished.isOneClearLine(about: listen == "systemd:" ? "LISTEN_FDS" : "descriptor"), "\(finished)")
        }

        @Test("Rejects a descriptor that is not a number", arguments: ["fd:", "fd:x", "fd:-1"])
        func malformed(listen: String) async throws {
            let finished = try await Eddy.run("echo", "--listen", listen)
            #expect(finished.ending == .exit(2))
            #expect(finished.isOneClearLine(about: listen), "\(finished)")
        }

        private static let activator = "/usr/bin/systemd-socket-activate"

        @Test(
            "systemd-socket-activate starts the server with its first connection",
            .enabled(if: FileManager.default.isExecutableFile(atPath: activator), "systemd is not installed")
        )
        func systemd() async throws {
            let address = "127.0.0.1:\(try freePort())"
            let server = try RunningCommand(
                [Self.activator, "-l", address, "--", Eddy.path, "echo", "--listen", "systemd:"]
            )
            // Listens once it has printed this.
            _ = try await server.errors.line()
            try await Visit.expectEcho(at: address)
            #expect(try await server.readyAddress() == address)
            try await Visit.expectEcho(at: address)
            try await server.stop()
        }
    }
}
