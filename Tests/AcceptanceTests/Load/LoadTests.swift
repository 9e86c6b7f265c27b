import Foundation
import Testing

extension AcceptanceTests {
    /// The load client's reports, with servers that do not use Eddy and with Eddy's own.
    @Suite("load")
    struct LoadTests {
        @Test("A server that answers nothing is a failure")
        func silence() async throws {
            let server = try await Peer.listen()
            let finished = try await Eddy.run("load", "tcp://127.0.0.1:\(server.port)", "-c", "1", "-d", "200ms")
            #expect(finished.ending == .exit(1))
            #expect(finished.errors.count == 1 && finished.errors[0].contains("no request was answered"), "\(finished)")
        }

        @Test("A report on a server that answers nothing has no latencies, and lists the outstanding requests")
        func silenceInJSON() async throws {
            let server = try await Peer.listen()
            let target = "tcp://127.0.0.1:\(server.port)"
            let finished = try await Eddy.run("load", target, "-c", "1", "-d", "200ms", "--format", "json")
            #expect(finished.ending == .exit(1))
            let report = try LoadReport(finished.output)
            #expect(report.requests == 0)
            #expect(report.latency == nil)
            #expect(report.errorsByKind == LoadReport.Errors(timeout: 1))
            #expect(report.unanswered.requests == 1)
            #expect(finished.output.contains { $0.contains(/"latency_us" : null/) }, "\(finished)")

            let text = try await Eddy.run("load", target, "-c", "1", "-d", "200ms")
            #expect(text.output.contains { $0.contains("latency") && $0.contains("none") }, "\(text)")
            #expect(text.output.contains { $0.contains("unanswered") }, "\(text)")
        }

        @Test("A signal ends the test, and the report covers the time until then", arguments: [SIGINT, SIGTERM])
        func interrupted(signal: Int32) async throws {
            let server = try await Server.echo()
            let target = "tcp://127.0.0.1:\(server.port)"
            let command = try RunningCommand(
                [Eddy.path, "load", target, "-c", "2", "-d", "1h", "--warmup", "0s", "--format", "json"]
            )
            // The client uses less to start, so requests are outstanding then.
            let process = ProcessFacts(id: command.id)
            _ = try await poll({ try process.processorTime() }, until: { $0 > .milliseconds(500) })
            command.send(signal)
            #expect(try await command.ending() == .exit(128 + signal))
            let report = try LoadReport(try await command.output.all())
            #expect(report.interrupted)
            #expect(report.requests > 0)
            #expect(report.errors == 0)
            #expect(report.outstanding.requests > 0)
            try await server.stop()
        }

        @Test("A stall at the end of the test shows in the report", arguments: [true, false])
        func stopped(resumes: Bool) async throws {
            let server = try await Server.echo(["--loops", "1"])
            let target = "tcp://127.0.0.1:\(server.port)"
            let command = try RunningCommand(
                [Eddy.path, "load", target, "-c", "2", "-d", "3s", "--warmup", "0s", "--format", "json"]
            )
            let process = ProcessFacts(id: command.id)
            _ = try await poll({ try process.processorTime() }, until: { $0 > .milliseconds(300) })
            server.command.send(SIGSTOP)
            if resumes {
                // The client waits 5 seconds after the 3.
                try await Task.sleep(for: .seconds(4))
                server.command.send(SIGCONT)
            }
            #expect(try await command.ending() == .exit(resumes ? 0 : 1))
            server.command.send(SIGCONT)
            let report = try LoadReport(try await command.output.all())
            #expect(report.outstanding.requests == 2)
            #expect(report.outstanding.answered == (resumes ? 2 : 0))
            #expect(report.errorsByKind == LoadReport.Errors(timeout: resumes ? 0 : 2))
            #expect(try #require(report.latency).max >= #require(report.outstanding.oldest))
        }

        @Test("The JSON report has all keys, and its figures are consistent")
        func json() async throws {
            let server = try await Server(Client.line("echo_server.py", []))
            let target = "tcp://127.0.0.1:\(server.port)"
            let report = try await LoadReport.run(target, ["-c", "4", "-d", "1s", "--size", "100"])
            #expect(report.target == target)
            #expect(report.mode == "closed")
            #expect(report.connections == 4)
            #expect(report.errors == 0)
            #expect(report.requests > 0)
            #expect(report.duration > 0)

            let rate = Double(report.requests) / report.duration
            #expect(abs(report.requestsPerSecond - rate) < rate / 100)
            // At the start and at the end of the count, one request of each connection is outstanding.
            #expect(abs(report.bytesReceived - report.requests * 100) <= 4 * 100)
            #expect(abs(report.bytesSent - report.requests * 100) <= 4 * 100)

            #expect(report.errorsByKind == LoadReport.Errors())
            #expect(!report.interrupted)
            let latency = try #require(report.latency)
            let rising = [latency.min, latency.p50, latency.p90, latency.p99, latency.p99_9, latency.max]
            #expect(rising == rising.sorted())
            #expect(latency.min > 0)
            #expect(latency.min <= latency.mean && latency.mean <= latency.max)
        }

        @Test(
            "Verification passes every byte of a correct server",
            arguments: [
                ["-c", "1"],
                ["-c", "50"],
                ["-c", "10", "-t", "2"],
                ["-c", "10", "-p", "16"],
                ["-c", "4", "--size", "1"],
                ["-c", "4", "--size", "300000"],
                ["-c", "4", "--size", "5000", "-p", "7", "-t", "2", "--warmup", "100ms"],
            ]
        )
        func verify(options: [String]) async throws {
            for server in [try await Server(Client.line("echo_server.py", [])), try await Server.echo()] {
                let report = try await LoadReport.run(
                    "tcp://127.0.0.1:\(server.port)",
                    options + ["-d", "1s", "--verify"]
                )
                #expect(report.errors == 0)
                #expect(report.requests > 0)
            }
        }

        @Test("A byte that differs is detected and reported", arguments: [0, 63, 64, 100_000])
        func differingByte(place: Int) async throws {
            let server = try await Server(Client.line("echo_server.py", ["\(place)"]))
            let target = "tcp://127.0.0.1:\(server.port)"
            let finished = try await Eddy.run("load", target, "-c", "2", "-d", "10s", "--verify")
            #expect(finished.ending == .exit(1))
            #expect(finished.errors.last?.wholeMatch(of: /eddy: .*differ.*; .+/) != nil, "\(finished)")

            let options = ["-c", "2", "-d", "10s", "--verify", "--format", "json"]
            let inJSON = try await RunningCommand.run([Eddy.path, "load", target] + options)
            #expect(inJSON.ending == .exit(1))
            let report = try LoadReport(inJSON.output)
            #expect(report.verificationFailure?.reason == "bytes_differ")
            #expect(report.verificationFailure?.offset == place)
            #expect(report.errorsByKind.verification > 0)

            // The server also flips the byte for clients that do not verify.
            let unverified = try await Eddy.run("load", target, "-c", "2", "-d", "1s")
            #expect(unverified.ending == .exit(0))
        }

        @Test("The text report names the target and the requests, and contains no control characters")
        func text() async throws {
            let server = try await Server.echo()
            let target = "tcp://127.0.0.1:\(server.port)"
            let finished = try await Eddy.run("load", target, "-c", "2", "-d", "1s")
            #expect(finished.ending == .exit(0))
            let text = finished.output.joined(separator: "\n")
            #expect(text.contains(target))
            #expect(text.lowercased().contains("requests"))
            #expect(text.contains("p99"))
            let all = text + finished.errors.joined(separator: "\n")
            #expect(!all.contains("\r"))
            #expect(!all.contains("\u{1b}"))
        }

        @Test("Without a server the command says so")
        func cannotConnect() async throws {
            let port = try freePort()
            let finished = try await Eddy.run("load", "tcp://127.0.0.1:\(port)", "-c", "2", "-d", "1s")
            #expect(finished.ending == .exit(1))
            #expect(finished.isOneClearLine(about: "127.0.0.1:\(port)"), "\(finished)")
        }

        @Test(
            "Rejects unknown options and invalid values",
            arguments: [
                [],
                ["127.0.0.1"],
                ["udp://127.0.0.1:1"],
                ["tcp://127.0.0.1"],
                ["tcp://127.0.0.1:65536"],
                ["tcp://127.0.0.1:1", "-c", "0"],
                ["tcp://127.0.0.1:1", "-c", "many"],
                ["tcp://127.0.0.1:1", "-t", "0"],
                ["tcp://127.0.0.1:1", "-p", "0"],
                ["tcp://127.0.0.1:1", "-d", "0s"],
                ["tcp://127.0.0.1:1", "--size", "0"],
                ["tcp://127.0.0.1:1", "--size", "-1"],
                ["tcp://127.0.0.1:1", "--format", "xml"],
                ["tcp://127.0.0.1:1", "tcp://127.0.0.1:2"],
            ]
        )
        func notUnderstood(arguments: [String]) async throws {
            let finished = try await RunningCommand.run([Eddy.path, "load"] + arguments)
            #expect(finished.ending == .exit(2))
            #expect(finished.output == [])
            #expect(finished.errors.first?.isEmpty == false)
        }
    }
}
