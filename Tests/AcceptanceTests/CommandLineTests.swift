import Foundation
import Testing

extension AcceptanceTests {
    /// Invalid input: one line that says what is wrong and how to fix it, and exit code 2. Failures: the same, and 1.
    @Suite("the command line")
    struct CommandLineTests {
        @Test(
            "Rejects malformed addresses",
            arguments: [
                "", ":", "127.0.0.1", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:-1", "127.0.0.1:65536",
                "127.0.0.1:99999999999999999999", "127.0.0.1:80:80", "256.0.0.1:80", "tcp://127.0.0.1:80",
            ]
        )
        func badAddress(address: String) async throws {
            for command in [
                ["echo", "--listen", address],
                ["proxy", "--listen", address, "--to", "127.0.0.1:1"],
                ["proxy", "--listen", "127.0.0.1:0", "--to", address],
            ] {
                let finished = try await RunningCommand.run([Eddy.path] + command)
                #expect(finished.ending == .exit(2))
                #expect(finished.isOneClearLine(about: address), "\(finished)")
            }
        }

        @Test("Rejects malformed durations", arguments: ["", "5", "s", "5parsecs", "-5s", "1.5.5s", "5 s"])
        func badDuration(duration: String) async throws {
            for command in [
                ["echo", "--listen", "127.0.0.1:0", "--grace=\(duration)"],
                ["echo", "--listen", "127.0.0.1:0", "--idle-timeout=\(duration)"],
                ["echo", "--listen", "127.0.0.1:0", "--keepalive=\(duration)"],
                ["proxy", "--listen", "127.0.0.1:0", "--to", "127.0.0.1:1", "--connect-timeout=\(duration)"],
                ["load", "tcp://127.0.0.1:1", "--duration=\(duration)"],
            ] {
                let finished = try await RunningCommand.run([Eddy.path] + command)
                #expect(finished.ending == .exit(2))
                #expect(finished.isOneClearLine(about: duration), "\(finished)")
            }
        }

        @Test(
            "Rejects a target that is a listening socket or has no host",
            arguments: ["fd:3", "systemd:", "systemd:http", "*:80", ":80"]
        )
        func noTarget(target: String) async throws {
            for command in [
                ["proxy", "--listen", "127.0.0.1:0", "--to", target],
                ["load", "tcp://\(target)"],
            ] {
                let finished = try await RunningCommand.run([Eddy.path] + command)
                #expect(finished.ending == .exit(2))
                #expect(finished.isOneClearLine(about: "'\(target)'"), "\(finished)")
            }
        }

        @Test("Rejects --keepalive values that the system cannot keep", arguments: ["0s", "999ms", "10h", "on"])
        func badKeepalive(text: String) async throws {
            let finished = try await Eddy.run("echo", "--listen", "127.0.0.1:0", "--keepalive", text)
            #expect(finished.ending == .exit(2))
            #expect(finished.isOneClearLine(about: text), "\(finished)")
        }

        @Test(
            "Rejects --memory that is malformed, or too little for the loops",
            arguments: [
                ("", "--memory"), ("many", "'many'"), ("0", "0 "), ("-1", "'-1'"), ("1.5m", "'1.5m'"), ("64x", "'64x'"),
                ("99999999999999999999", "99999999999999999999"), ("3m", "at least 4m"), ("1", "at least 4m"),
            ]
        )
        func badMemory(memory: String, answer: String) async throws {
            let finished = try await Eddy.run("echo", "--listen", "127.0.0.1:0", "--loops", "1", "--memory=\(memory)")
            #expect(finished.ending == .exit(2))
            #expect(finished.isOneClearLine(about: answer), "\(finished)")
        }

        @Test(
            "Rejects unknown commands and options",
            arguments: [
                ["echo", "--listen", "127.0.0.1:0", "--loops", "0"],
                ["echo", "--listen", "127.0.0.1:0", "--loops", "many"],
                ["echo", "--volume", "11"],
                ["proxy"],
                ["proxy", "--listen", "127.0.0.1:0"],
                ["proxy", "--listen", "127.0.0.1:1", "--to", "127.0.0.1:1"],
                ["proxy", "--listen", "127.0.0.1:0", "--listen", "127.0.0.1:1", "--to", "127.0.0.1:1"],
                ["swim"],
            ]
        )
        func notUnderstood(arguments: [String]) async throws {
            let finished = try await RunningCommand.run([Eddy.path] + arguments)
            #expect(finished.ending == .exit(2))
            #expect(finished.output == [])
            #expect(finished.errors.first?.isEmpty == false)
        }

        @Test("A path that is not UTF-8 is refused, not changed")
        func notUTF8() async throws {
            // Foundation passes only arguments that are UTF-8.
            let script = "exec \"$1\" echo --listen \"unix:/tmp/$(printf 'eddy\\377')\""
            let finished = try await RunningCommand.run(["/bin/sh", "-c", script, "sh", Eddy.path])
            #expect(finished.ending == .exit(2))
            #expect(finished.isOneClearLine(about: "argument 3"), "\(finished)")
            #expect(finished.isOneClearLine(about: "is not UTF-8"), "\(finished)")
        }

        @Test(
            "Help is not an error",
            arguments: [
                ["--help"], ["echo", "--help"], ["proxy", "--help"], ["load", "--help"], ["doctor", "--help"],
            ]
        )
        func help(arguments: [String]) async throws {
            let finished = try await RunningCommand.run([Eddy.path] + arguments)
            #expect(finished.ending == .exit(0))
            #expect(finished.errors == [])
            #expect(finished.output.contains { $0.contains("USAGE") })
        }

        @Test("Arguments are read even without /proc")
        func withoutProc() async throws {
            let wrapper = ["unshare", "-rm", "sh", "-c", "mount -t tmpfs none /proc && exec \"$@\"", "sh"]
            guard try await RunningCommand.run(wrapper + ["true"]).ending == .exit(0) else { return }
            let version = try await RunningCommand.run(wrapper + [Eddy.path, "--version"])
            #expect(version.ending == .exit(0))
            #expect(version.output.count == 1, "\(version)")
            let wrong = try await RunningCommand.run(wrapper + [Eddy.path, "doctor", "--format", "xml"])
            #expect(wrong.ending == .exit(2))
            #expect(wrong.isOneClearLine(about: "xml"), "\(wrong)")
            let doctor = try await RunningCommand.run(wrapper + [Eddy.path, "doctor", "--format", "json"])
            #expect(doctor.ending == .exit(0))
            #expect(doctor.output.first == "{", "\(doctor)")
        }

        @Test("A port in use is refused, and its owner continues", arguments: [1, 2], ["echo", "proxy"])
        func portInUse(loops: Int, kind: String) async throws {
            let server = try await Server.echo(["--loops", "\(loops)"])
            let address = "127.0.0.1:\(server.port)"
            let second = try await RunningCommand.run(
                [Eddy.path, kind, "--listen", address, "--loops", "\(loops)"]
                    + (kind == "proxy" ? ["--to", "127.0.0.1:1"] : [])
            )
            #expect(second.ending == .exit(1))
            #expect(second.isOneClearLine(about: address), "\(second)")

            #expect(try await Mirror.run(at: server, connections: 2, bytes: .MiB(1)) == Mirror(identical: 2))
            try await server.stop()
        }

        @Test("A port that requires privileges is refused", .enabled(if: isPort1Privileged))
        func permissionDenied() async throws {
            let address = "127.0.0.1:1"
            let finished = try await RunningCommand.run(
                without(capability: "net_bind_service") + [Eddy.path, "echo", "--listen", address]
            )
            #expect(finished.ending == .exit(1))
            #expect(finished.isOneClearLine(about: address), "\(finished)")
        }

        /// Some systems let every user bind every port.
        private static let isPort1Privileged: Bool = {
            let file = "/proc/sys/net/ipv4/ip_unprivileged_port_start"
            let start = try? String(contentsOfFile: file, encoding: .utf8).trimmingCharacters(in: .newlines)
            return start.flatMap { Int($0) }.map { $0 > 1 } ?? true
        }()

        @Test("An address of another machine is refused")
        func foreignAddress() async throws {
            // 203.0.113.0/24 is reserved for documentation: no machine has such an address.
            let finished = try await Eddy.run("echo", "--listen", "203.0.113.1:0")
            #expect(finished.ending == .exit(1))
            #expect(finished.isOneClearLine(about: "203.0.113.1:0"), "\(finished)")
        }
    }
}
