import Foundation
import Testing

extension AcceptanceTests {
    /// An address that drops every packet, in a network namespace of the test's own.
    @Suite(
        "faults: black holes",
        .enabled("no network namespace available: 'unshare -rn ip link' fails") {
            try await NetworkNamespace.isPossible
        }
    )
    struct BlackHoleTests {
        private static let address = "10.9.0.1:80"

        @Test("A load test and a relay to an unreachable address time out and say so")
        func nowhere() async throws {
            let line = Client.line("black_hole.py", [Eddy.path])
            async let load = RunningCommand.run(line + ["load", "tcp://\(Self.address)", "-c", "2", "-d", "1s"])
            let proxy = try await Server(line + ["proxy", "--listen", "127.0.0.1:0", "--to", Self.address])
            let client = try await Peer.connect(to: proxy.port, under: NetworkNamespace.inside(proxy))
            _ = try await client.send(100)
            let received = try await client.drain()
            #expect(received.bytes == 0)
            #expect(received.end != .open)
            #expect(try await proxy.stop(notice: "cannot relay 127.0.0.1:").connections == 1)

            let finished = try await load
            #expect(finished.ending == .exit(1))
            #expect(finished.isOneClearLine(about: Self.address), "\(finished)")
        }

        @Test("A relay to an unreachable address fails after --connect-timeout, and is reported and counted")
        func connectTimeout() async throws {
            let line = Client.line(
                "black_hole.py",
                [Eddy.path, "proxy", "--listen", "127.0.0.1:0", "--to", Self.address]
            )
            // Without the option this one would give up first.
            let patient = try await Server(line + ["--connect-timeout", "1h", "--grace", "0s", "--loops", "1"])
            let waiting = try await Peer.connect(to: patient.port, under: NetworkNamespace.inside(patient))
            #expect(try await poll({ try patient.process.sockets() }, until: { $0 == 3 }) == 3)

            let proxy = try await Server(line + ["--connect-timeout", "200ms"])
            let client = try await Peer.connect(to: proxy.port, under: NetworkNamespace.inside(proxy))
            #expect(try await client.drain().end != .open)
            #expect(try await proxy.stop(notice: "cannot connect to \(Self.address): ").connectFailures == 1)
            let told = try await proxy.command.errors.line { $0.contains("timed out") }
            #expect(told?.hasPrefix("eddy: cannot relay 127.0.0.1:") == true, "\(told as Any)")

            #expect(try await patient.figures().connectFailures == 0)
            try await patient.stop()
            #expect(try await waiting.drain().end != .open)
        }

        @Test("A client that leaves cancels its connect attempt, and other attempts do not delay the shutdown")
        func abandoned() async throws {
            let line = Client.line("black_hole.py", [Eddy.path])
            let options = ["--loops", "1", "--grace", "200ms"]
            let proxy = try await Server(line + ["proxy", "--listen", "127.0.0.1:0", "--to", Self.address] + options)
            // The ring, the pool and the timers exist once a connection has been served.
            let stays = try await Peer.connect(to: proxy.port, under: NetworkNamespace.inside(proxy))
            let leaves = try await Peer.connect(to: proxy.port, under: NetworkNamespace.inside(proxy))
            let both = try await poll({ try proxy.process.sockets() }, until: { $0 == 5 })
            #expect(both == 5, "the listener, the clients, and their attempts")
            try await leaves.reset()
            #expect(try await poll({ try proxy.process.sockets() }, until: { $0 == 3 }) == 3)

            #expect(try await proxy.stop().connections == 2)
            #expect(try await stays.drain().end != .open)
        }
    }
}

extension ProcessFacts {
    /// The number of open Internet sockets: those that have a line in the files of their network.
    fileprivate func sockets() throws -> Int {
        let folder = "/proc/\(id)/fd/"
        let links = try FileManager.default.contentsOfDirectory(atPath: folder).compactMap {
            try? FileManager.default.destinationOfSymbolicLink(atPath: folder + $0)
        }
        let numbers = Set(links.compactMap { $0.wholeMatch(of: /socket:\[(\d+)\]/)?.1 }.map(String.init))
        return try ["tcp", "tcp6"].reduce(0) { count, file in
            let lines = try textOfSystemFile("/proc/\(id)/net/\(file)").split(separator: "\n")
            // The tenth field is the socket's number.
            return count + lines.dropFirst().count { numbers.contains(String($0.split(separator: " ")[9])) }
        }
    }
}
