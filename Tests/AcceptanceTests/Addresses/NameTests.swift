import Foundation
import Testing

extension AcceptanceTests {
    /// Names, and both address families.
    @Suite("addresses: names and families")
    struct NameTests {
        /// Some containers have no IPv6.
        private static let hasIPv6 =
            (try? String(contentsOfFile: "/proc/net/if_inet6", encoding: .utf8))?.contains(" lo") == true

        @Test("Both families reach a server on all addresses", .enabled(if: hasIPv6, "there is no IPv6 here"))
        func dualStack() async throws {
            let server = try RunningCommand([Eddy.path, "echo", "--listen", "*:0"])
            let port = try #require(try await server.readyAddress().wholeMatch(of: /\[::\]:(\d+)/)?.1)
            for host in ["127.0.0.1", "[::1]", "localhost"] { try await Visit.expectEcho(at: "\(host):\(port)") }
            try await server.stop()
        }

        @Test("Serves an IPv6 address", .enabled(if: hasIPv6, "there is no IPv6 here"))
        func ipv6() async throws {
            let server = try RunningCommand([Eddy.path, "echo", "--listen", "[::1]:0"])
            let address = try await server.readyAddress()
            try await Visit.expectEcho(at: address)
            let load = try await Eddy.run("load", "tcp://\(address)", "-c", "4", "-d", "2s", "--verify")
            #expect(load.ending == .exit(0), "\(load)")
            try await server.stop()
        }

        @Test("Relays and load tests accept names")
        func names() async throws {
            let server = try await Server.echo()
            let proxy = try RunningCommand(
                [Eddy.path, "proxy", "--listen", "127.0.0.1:0", "--to", "localhost:\(server.port)"]
            )
            try await Visit.expectEcho(at: try await proxy.readyAddress())
            let target = "tcp://localhost:\(server.port)"
            let load = try await Eddy.run("load", target, "-c", "4", "-d", "2s", "--verify")
            #expect(load.ending == .exit(0), "\(load)")
            try await proxy.stop()
            try await server.stop()
        }

        @Test(
            "Resolves a name with only a loopback address on a machine with other addresses of the other family"
        )
        func loopbackName() async throws {
            let hosts = FileManager.default.temporaryDirectory.appending(path: "eddy-\(UUID().uuidString)")
            try Data("127.0.0.1 localhost\n127.0.0.2 here.test\n".utf8).write(to: hosts)
            defer { try? FileManager.default.removeItem(at: hosts) }
            // The resolver can be asked for families that have more than loopback addresses (getaddrinfo(3),
            // AI_ADDRCONFIG): here that is IPv6.
            let script = """
                ip link set lo up && ip address add fd00::9/128 dev lo && mount --bind "$0" /etc/hosts && exec "$@"
                """
            let wrapper = ["unshare", "-rnm", "sh", "-c", script, hosts.path]
            guard try await RunningCommand.run(wrapper + ["getent", "ahosts", "here.test"]).ending == .exit(0) else {
                return
            }

            let server = try RunningCommand(wrapper + [Eddy.path, "echo", "--listen", "here.test:0"])
            let port = try #require(try await server.readyAddress().wholeMatch(of: /127\.0\.0\.2:(\d+)/)?.1)
            let inside = [
                "nsenter", "--target", "\(server.id)", "--user", "--net", "--mount", "--preserve-credentials",
            ]
            let load = try await RunningCommand.run(
                inside + ["--", Eddy.path, "load", "tcp://here.test:\(port)", "-c", "1", "-d", "1s", "--verify"]
            )
            #expect(load.ending == .exit(0), "\(load)")
            try await server.stop()
        }

        @Test("A load test reports a name that does not resolve")
        func unresolved() async throws {
            let finished = try await Eddy.run("load", "tcp://no-such-host.invalid:80", "-d", "1s")
            #expect(finished.ending == .exit(1))
            #expect(finished.isOneClearLine(about: "no-such-host.invalid"), "\(finished)")
        }

        @Test("A load test without a server names every address that was tried")
        func refused() async throws {
            let port = try freePort()
            let finished = try await Eddy.run("load", "tcp://localhost:\(port)", "-d", "1s")
            #expect(finished.ending == .exit(1))
            #expect(finished.isOneClearLine(about: "127.0.0.1:\(port)"), "\(finished)")
        }
    }
}
