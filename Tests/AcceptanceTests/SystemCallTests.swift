import Foundation
import Testing

extension AcceptanceTests {
    /// The server's system calls under load, as strace counts them.
    @Suite("system calls", .enabled(if: isOnPath("strace"), "strace is not installed"))
    struct SystemCallTests {
        @Test(
            "Under 50 connections almost only the engine's calls are made, and waits are fewer than requests"
        )
        func underLoad() async throws {
            // strace exits without a message if a process may not be traced, as in some containers.
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

        @Test("A server that waits on io_uring asks not to be counted as waiting for a disk")
        func idleWaits() async throws {
            // The kernel has had the flag since 6.15.
            guard try await RunningCommand.run(["strace", "-o", "/dev/null", "true"]).ending == .exit(0),
                try await Diagnosis.make().engine.name == "uring", try isKernel(atLeast: (6, 15))
            else { return }

            let file = FileManager.default.temporaryDirectory.appendingPathComponent("strace-\(UUID()).txt")
            defer { try? FileManager.default.removeItem(at: file) }
            let call = "io_uring_enter"
            let strace = ["strace", "-f", "-e", "trace=\(call)", "-e", "raw=\(call)", "-o", file.path]
            let server = try await Server.echo(["--loops", "1"], under: strace)
            try await Visit.expectEcho(at: "127.0.0.1:\(server.port)")
            for child in try server.process.children() { kill(child, SIGTERM) }
            #expect(try await server.command.ending() == .exit(0))

            // The descriptor, the number of entries to submit, the number of completions to wait for, the flags.
            let calls = try String(contentsOf: file, encoding: .utf8).matches(
                of: /io_uring_enter\(\w+, \w+, (?:0x)?([0-9a-f]+), (?:0x)?([0-9a-f]+)/
            )
            let waits = calls.filter { $0.1 != "0" }
            #expect(!waits.isEmpty)
            let noIOWait = 1 << 7
            for wait in waits { #expect(Int(wait.2, radix: 16)! & noIOWait != 0, "\(wait.0)") }
        }

        /// Parses strace's table: the time in percent, in seconds and per call; the calls; the errors, if any; the
        /// name.
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
