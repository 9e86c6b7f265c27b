import Foundation
import Testing

extension AcceptanceTests {
    /// The engine that the system allows, or that the environment selects.
    @Suite("engines")
    struct EngineTests {
        @Test("Where io_uring is forbidden, the server runs without it and says so")
        func forbidden() async throws {
            let wrapper = shell("unset EDDY_ENGINE") + Client.line("without_io_uring.py", [])
            let server = try await Server.echo(["--loops", "2"], under: wrapper)
            #expect(try await Mirror.run(at: server, connections: 5, bytes: .MiB(4)) == Mirror(identical: 5))
            try await server.stop(notice: "using epoll, which takes more processor time, because io_uring is forbidden")
        }

        @Test("Where io_uring is requested but forbidden, the command says so and how to fix it")
        func forbiddenAndAskedFor() async throws {
            let command = Client.line("without_io_uring.py", [Eddy.path, "echo", "--listen", "127.0.0.1:0"])
            let finished = try await RunningCommand.run(shell("export EDDY_ENGINE=uring") + command)
            #expect(finished.ending == .exit(1))
            #expect(finished.isOneClearLine(about: "io_uring"), "\(finished)")
        }

        @Test(
            "Rejects unknown engines and features in the environment",
            arguments: [
                ("EDDY_ENGINE", "kqueue"), ("EDDY_ENGINE", "URING"), ("EDDY_DISABLE", "everything"),
                ("EDDY_DISABLE", "tier-6.1,inline-send"),
            ],
            [["echo", "--listen", "127.0.0.1:0"], ["load", "tcp://127.0.0.1:1", "-d", "1s"], ["doctor"]]
        )
        func badEnvironment(setting: (variable: String, value: String), command: [String]) async throws {
            let environment = shell("export \(setting.variable)=\(setting.value)")
            let finished = try await RunningCommand.run(environment + [Eddy.path] + command)
            #expect(finished.ending == .exit(1))
            #expect(finished.isOneClearLine(about: setting.variable), "\(finished)")
        }

        @Test("Serves on every engine and tier", arguments: engines)
        func served(setting: String) async throws {
            let server = try await Server.echo(under: shell("export \(setting)"))
            #expect(try await Mirror.run(at: server, connections: 5, bytes: .MiB(4)) == Mirror(identical: 5))
            try await server.stop()
        }

        private static let engines = [
            "EDDY_ENGINE=epoll", "EDDY_DISABLE=tier-6.1", "EDDY_DISABLE=tier-5.19",
            "EDDY_DISABLE=fixed-buffers", "EDDY_DISABLE=zero-copy-sends",
            "EDDY_DISABLE=receive-credit,inline-sends", "'EDDY_DISABLE= multishot-receive, defer-taskrun,'",
        ]
    }
}
