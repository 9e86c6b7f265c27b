import Foundation
import Testing

extension AcceptanceTests {
    /// Sockets that another program has opened for the server, as systemd does.
    @Suite("addresses: inherited sockets")
    struct InheritedSocketTests {
        private func activate(_ names: String, _ command: String...) throws -> RunningCommand {
            try RunningCommand(Client.line("activate.py", [names, Eddy.path] + command))
        }

        @Test("The socket with the name, or the descriptor, is served", arguments: ["systemd:admin", "fd:3", "fd:4"])
        func serves(listen: String) async throws {
            let server = try activate("http:admin", "echo", "--listen", listen, "--loops", "2")
            let address = try await server.readyAddress()
            #expect(address.hasPrefix("127.0.0.1:"))
            for _ in 0..<3 { try await Visit.expectEcho(at: address) }
            try await server.stop()
        }

        @Test(
            "All sockets with one name are served, and without a name all that there are",
            arguments: [("http:http", "systemd:http"), ("http:admin", "systemd:"), ("http:http", "systemd:")]
        )
        func several(names: String, listen: String) async throws {
            let server = try activate(names, "echo", "--listen", listen, "--loops", "2")
            let addresses = try await server.readyAddresses(2)
            #expect(Set(addresses).count == 2)
            for address in addresses { try await Visit.expectEcho(at: address) }
            #expect(try await server.stop()?.connections == 2)
        }

        @Test("A socket of another name than the one that is asked for is left alone")
        func otherName() async throws {
            let server = try activate("http:admin", "echo", "--listen", "systemd:http")
            try await Visit.expectEcho(at: try await server.readyAddress())
            try await server.stop()
            #expect(try await server.output.all().count { $0.hasPrefix("listening on ") } == 1)
        }

        @Test("A name that no socket has is refused with those that there are")
        func unknownName() async throws {
            let finished = try await RunningCommand.run(
                Client.line("activate.py", ["http:admin", Eddy.path, "echo", "--listen", "systemd:x"])
            )
            #expect(finished.ending == .exit(1))
            #expect(finished.isOneClearLine(about: "admin"), "\(finished)")
        }

        @Test("Descriptors that are no sockets, and no activation", arguments: ["fd:99", "fd:0", "systemd:"])
        func missing(listen: String) async throws {
            let finished = try await Eddy.run("echo", "--listen", listen)
            #expect(finished.ending == .exit(1))
            #expect(finished.isOneClearLine(about: listen == "systemd:" ? "LISTEN_FDS" : "descriptor"), "\(finished)")
        }

        @Test("A descriptor that is no number", arguments: ["fd:", "fd:x", "fd:-1"])
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
            // Listens when it has said so.
            _ = try await server.errors.line()
            try await Visit.expectEcho(at: address)
            #expect(try await server.readyAddress() == address)
            try await Visit.expectEcho(at: address)
            try await server.stop()
        }
    }
}
