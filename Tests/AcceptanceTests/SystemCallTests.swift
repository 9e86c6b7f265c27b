import Foundation
import Testing

extension AcceptanceTests {
    /// What the server asks of the system under load, as strace counts it.
    @Suite("system calls", .enabled(if: isOnPath("strace"), "strace is not installed"))
    struct SystemCallTests {
        @Test(
            "Under 50 connections next to nothing is called but the engine's calls, and waits are fewer than requests"
        )
        func underLoad() async throws {
            // strace leaves without a word where a process may not be traced, as in some containers.
            guard try await RunningCommand.run(["strace", "-o", "/dev/null", "true"]).ending == .exit(0) else { return }

            let file = FileManager.default.temporaryDirectory.appendingPathComponent("strace-\(UUID()).txt")
            defer { try? FileManager.default.removeItem(at: file) }
            let server = try await Server.echo(["--loops", "1"], under: ["strace", "-f", "-c", "-o", file.path])
            let load = try await Eddy.run(
                "load",
                "tcp://127.0.0.1:\(server.port)",
                "-c",
                "50",
                "-d",
                "3s",
                "--format",
                "json"
            )
            let report = try LoadReport(load.output)

            for child in try server.process.children() {
                kill(child, SIGTERM)
            }
            #expect(try await server.command.ending() == .exit(0))

            let calls = try countCalls(String(contentsOf: file, encoding: .utf8))
            let waits = ["io_uring_enter", "epoll_wait", "epoll_pwait", "epoll_pwait2"]
            let transfers = Eddy.runsOnEpoll ? ["recvfrom", "sendto"] : []
            let counted = { (names: [String]) in names.reduce(0) { $0 + calls[$1, default: 0] } }
            #expect(counted(waits) > 0)
            #expect(counted(waits) * 2 < report.requests, "\(calls)")
            #expect(calls.values.reduce(0, +) - counted(waits) - counted(transfers) < 2000, "\(calls)")
        }

        /// Reads strace's table: the time in percent, in seconds and a call; the calls; the errors, if any; the name.
        private func countCalls(_ table: String) -> [String: Int] {
            var calls: [String: Int] = [:]
            for line in table.split(separator: "\n") {
                let fields = line.split(separator: " ")
                if fields.count >= 5, let count = Int(fields[3]), let name = fields.last, name != "total" {
                    calls[String(name)] = count
                }
            }
            return calls
        }
    }
}
