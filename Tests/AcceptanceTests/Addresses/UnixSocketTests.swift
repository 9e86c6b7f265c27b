import Foundation
import Testing

extension AcceptanceTests {
    /// Unix domain sockets, visited by clients that do not use Eddy.
    @Suite("addresses: Unix domain sockets")
    struct UnixSocketTests {
        private let path = FileManager.default.temporaryDirectory.appending(path: "eddy-\(UUID().uuidString)").path

        private var isThere: Bool { FileManager.default.fileExists(atPath: path) }

        private func start(_ options: String...) async throws -> RunningCommand {
            let server = try RunningCommand([Eddy.path, "echo", "--listen", "unix:\(path)"] + options)
            #expect(try await server.readyAddress() == "unix:\(path)")
            return server
        }

        @Test("A server on a path echoes, refuses a second server, and removes its file", arguments: ["1", "2"])
        func path(loops: String) async throws {
            let server = try await start("--loops", loops)
            for _ in 0..<3 { try await Visit.expectEcho(at: "unix:\(path)") }
            let second = try await Eddy.run("echo", "--listen", "unix:\(path)")
            #expect(second.ending == .exit(1))
            #expect(second.isOneClearLine(about: path), "\(second)")
            try await Visit.expectEcho(at: "unix:\(path)")
            try await server.stop()
            #expect(!isThere)
        }

        @Test("The next server replaces the file of a server that was killed")
        func killed() async throws {
            let dead = try await start()
            dead.send(SIGKILL)
            _ = try await dead.ending()
            #expect(isThere)
            let server = try await start()
            try await Visit.expectEcho(at: "unix:\(path)")
            try await server.stop()
            #expect(!isThere)
        }

        @Test("--socket-mode determines who may connect", arguments: [("0600", 0o600), ("660", 0o660), ("0", 0)])
        func mode(text: String, mode: Int) async throws {
            let server = try await start("--socket-mode", text)
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            #expect(attributes[.posixPermissions] as? Int == mode)
            if geteuid() == 0 || mode != 0 { try await Visit.expectEcho(at: "unix:\(path)") }
            try await server.stop()
        }

        @Test("A mode that is invalid, or for a socket without a file, is refused in one line")
        func badMode() async throws {
            for mode in ["", "0888", "1777", "rw", "-1", "+7"] {
                let finished = try await Eddy.run("echo", "--listen", "unix:\(path)", "--socket-mode=\(mode)")
                #expect(finished.ending == .exit(2))
                #expect(finished.isOneClearLine(about: "mode"), "\(finished)")
            }
            for address in ["127.0.0.1:0", "unix:@\(path)", "fd:3"] {
                let finished = try await Eddy.run("echo", "--listen", address, "--socket-mode", "0600")
                #expect(finished.ending == .exit(2))
                #expect(finished.isOneClearLine(about: "--socket-mode"), "\(finished)")
            }
        }

        @Test("Abstract names need no file")
        func abstract() async throws {
            let address = "unix:@\(path)"
            let server = try RunningCommand([Eddy.path, "echo", "--listen", address])
            #expect(try await server.readyAddress() == address)
            try await Visit.expectEcho(at: address)
            try await server.stop()
        }

        @Test("A relay from one path to another is loaded through both")
        func relay() async throws {
            let server = try await start("--loops", "1")
            let front = "unix:\(path)-front"
            let proxy = try RunningCommand([Eddy.path, "proxy", "--listen", front, "--to", "unix:\(path)"])
            #expect(try await proxy.readyAddress() == front)
            try await Visit.expectEcho(at: front)
            let load = try await Eddy.run("load", front, "-c", "4", "-d", "2s", "--verify")
            #expect(load.ending == .exit(0), "\(load)")
            #expect(load.output.contains { $0.contains(front) })
            try await proxy.stop()
            try await server.stop()
        }

        @Test("Invalid paths are refused in one line", arguments: [107, 300])
        func tooLong(length: Int) async throws {
            let path = "/tmp/" + String(repeating: "x", count: length)
            let finished = try await Eddy.run("echo", "--listen", "unix:\(path)")
            #expect(finished.ending == .exit(2))
            #expect(finished.isOneClearLine(about: "107"), "\(finished)")
        }

        @Test("A file in the way or a missing directory is refused", arguments: [true, false])
        func inTheWay(exists: Bool) async throws {
            let taken = exists ? path : path + "/none/s"
            if exists { try Data("precious".utf8).write(to: URL(fileURLWithPath: path)) }
            defer { try? FileManager.default.removeItem(atPath: path) }
            let finished = try await Eddy.run("echo", "--listen", "unix:\(taken)")
            #expect(finished.ending == .exit(1))
            #expect(finished.isOneClearLine(about: taken), "\(finished)")
            if exists { #expect(isThere) }
        }
    }
}
