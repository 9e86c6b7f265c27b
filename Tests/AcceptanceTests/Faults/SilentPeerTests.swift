import Foundation
import Testing

extension AcceptanceTests {
    /// Peers that have gone silent: the system probes them, or the server ends their connections.
    @Suite("faults: silent peers")
    struct SilentPeerTests {
        /// Hundredths of a second until the system probes the peer, as /proc/net/tcp counts them; nil: it never does.
        private func expect(
            _ socket: TCPSocketFacts,
            isAskedWithin range: ClosedRange<Int>?,
            from location: SourceLocation = #_sourceLocation
        ) async throws {
            // While bytes are unacknowledged, it shows the time until they are retransmitted.
            let timer = try await poll(socket.timer) { $0 != nil && $0?.kind != .retransmission }
            #expect(timer != nil, "there is no such connection", sourceLocation: location)
            #expect((timer?.kind == .keepalive) == (range != nil), "\(timer as Any)", sourceLocation: location)
            if let range, let timer { #expect(range.contains(timer.hundredths), "\(timer)", sourceLocation: location) }
        }

        @Test(
            "A silent client of a server is probed after --keepalive, a minute by default",
            arguments: [
                ([], 0...6_000), (["--keepalive", "2h"], 6_001...720_000), (["--keepalive", "off"], nil),
            ] as [([String], ClosedRange<Int>?)]
        )
        func keepalive(options: [String], range: ClosedRange<Int>?) async throws {
            let server = try await Server.echo(options)
            let client = try await Peer.connect(to: server)
            let sent = try await client.send(10)
            #expect(try await client.receive(10) == sent)
            try await expect(TCPSocketFacts(localPort: server.port), isAskedWithin: range)
            try await client.close()
            try await server.stop()
        }

        @Test(
            "Both sides of a relay are probed after --keepalive",
            arguments: [([], 0...6_000), (["--keepalive", "off"], nil)] as [([String], ClosedRange<Int>?)]
        )
        func keepaliveOfRelay(options: [String], range: ClosedRange<Int>?) async throws {
            let upstream = try await Peer.listen()
            let proxy = try await Server.proxy(to: upstream.port, options)
            let client = try await Peer.connect(to: proxy)
            try await upstream.peer.accept()
            let sent = try await client.send(10)
            #expect(try await upstream.peer.receive(10) == sent)
            try await expect(TCPSocketFacts(localPort: proxy.port), isAskedWithin: range)
            try await expect(TCPSocketFacts(remotePort: upstream.port), isAskedWithin: range)
            try await client.close()
            try await upstream.peer.close()
            try await proxy.stop()
        }

        @Test("A connection on which nothing moves is ended by --idle-timeout, and counted")
        func idle() async throws {
            let server = try await Server.echo(["--idle-timeout", "200ms"])
            let client = try await Peer.connect(to: server)
            #expect(try await client.drain().end != .open)
            #expect(try await server.stop().timeouts == 1)
        }

        @Test("A relay in which nothing moves is ended on both sides by --idle-timeout")
        func idleRelay() async throws {
            let upstream = try await Peer.listen()
            let proxy = try await Server.proxy(to: upstream.port, ["--idle-timeout", "200ms"])
            let client = try await Peer.connect(to: proxy)
            try await upstream.peer.accept()
            #expect(try await client.drain().end != .open)
            #expect(try await upstream.peer.drain().end != .open)
            #expect(try await proxy.stop().timeouts > 0)
        }
    }
}

/// A connected socket of 127.0.0.1, as /proc/net/tcp lists it.
private struct TCPSocketFacts {
    var localPort: Int?
    var remotePort: Int?

    struct Timer {
        enum Kind: Int { case none, retransmission, keepalive, timeWait, windowProbe }
        let kind: Kind
        let hundredths: Int
    }

    /// The socket's pending timer; nil if there is no such socket.
    func timer() throws -> Timer? {
        let established = "01"
        for line in try textOfSystemFile("/proc/net/tcp").split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count > 5, fields[3] == established, localPort.map({ isPort($0, in: fields[1]) }) ?? true,
                remotePort.map({ isPort($0, in: fields[2]) }) ?? true
            else { continue }
            let timer = fields[5].split(separator: ":").compactMap { Int($0, radix: 16) }
            guard timer.count == 2, let kind = Timer.Kind(rawValue: timer[0]) else { return nil }
            return Timer(kind: kind, hundredths: timer[1])
        }
        return nil
    }

    private func isPort(_ port: Int, in address: Substring) -> Bool {
        address == "0100007F:" + String(format: "%04X", port)
    }
}
