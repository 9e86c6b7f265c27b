import Foundation
import Testing

extension AcceptanceTests {
    /// What the load client reports, against servers that are not Eddy's and against its own.
    @Suite("load")
    struct LoadTests {
        @Test("A server that answers nothing is a failure")
        func silence() async throws {
            let server = try await Peer.listen()
            let finished = try await Eddy.run("load", "tcp://127.0.0.1:\(server.port)", "-c", "1", "-d", "200ms")
            #expect(finished.ending == .exit(1))
            #expect(finished.errors.count == 1 && finished.errors[0].contains("no request was answered"), "\(finished)")
        }

        @Test("The report in JSON has all keys, and its figures agree with each other")
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
            // At the start and at the end of the count, one request of each connection is under way.
            #expect(abs(report.bytesReceived - report.requests * 100) <= 4 * 100)
            #expect(abs(report.bytesSent - report.requests * 100) <= 4 * 100)

            let latency = report.latency
            let rising = [latency.min, latency.p50, latency.p90, latency.p99, latency.p99_9, latency.max]
            #expect(rising == rising.sorted())
            #expect(latency.min > 0)
            #expect(latency.min <= latency.mean && latency.mean <= latency.max)
        }

        @Test(
            "Every byte of an honest server is found right",
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

        @Test("A byte that differs is found and said", arguments: [0, 63, 64, 100_000])
        func differingByte(place: Int) async throws {
            let server = try await Server(Client.line("echo_server.py", ["\(place)"]))
            let target = "tcp://127.0.0.1:\(server.port)"
            let finished = try await Eddy.run("load", target, "-c", "2", "-d", "10s", "--verify")
            #expect(finished.ending == .exit(1))
            #expect(finished.errors.last?.wholeMatch(of: /eddy: .*differ.*; .+/) != nil, "\(finished)")

            // The byte is flipped for those too who do not look.
            let unverified = try await Eddy.run("load", target, "-c", "2", "-d", "1s")
            #expect(unverified.ending == .exit(0))
        }

        @Test("The report as text names the target and the requests, and nothing in it moves a terminal")
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

        @Test("Where nobody listens, the command says so")
        func cannotConnect() async throws {
            let port = try freePort()
            let finished = try await Eddy.run("load", "tcp://127.0.0.1:\(port)", "-c", "2", "-d", "1s")
            #expect(finished.ending == .exit(1))
            #expect(finished.isOneClearLine(about: "127.0.0.1:\(port)"), "\(finished)")
        }

        @Test(
            "A call that is not understood is refused",
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
