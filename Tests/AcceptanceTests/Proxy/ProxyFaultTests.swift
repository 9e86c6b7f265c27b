import Foundation
import Testing

extension AcceptanceTests {
    /// Slow sides, missing upstreams, and the shutdown.
    @Suite("proxy: faults")
    struct ProxyFaultTests {
        @Test("A client that does not receive pauses its upstream, in bounded memory, and gets everything later")
        func slowClient() async throws {
            let upstream = try await Peer.listen()
            let proxy = try await Server.proxy(to: upstream.port, ["--loops", "1"])
            let client = try await Peer.connect(to: proxy)
            try await upstream.peer.accept()
            let first = try await upstream.peer.send(.MiB(4), while: client)
            #expect(first.sent == first.received)
            let before = try proxy.process.residentMemory()

            let sent = try await upstream.peer.fill()
            // The systems' own buffers on the way take tens of MiB. A proxy that does not pause takes everything.
            #expect(sent.bytes < .MiB(160))
            #expect(try proxy.process.residentMemory() < before + .MiB(16))

            try await upstream.peer.finish()
            #expect(try await client.drain() == sent.then(.eof))
            try await client.close()
            try await proxy.stop()
        }

        @Test("An upstream that does not receive neither delays the shutdown nor retains memory")
        func stalledUpstream() async throws {
            let upstream = try await Peer.listen()
            let proxy = try await Server.proxy(to: upstream.port, ["--loops", "1", "--grace", "200ms"])
            let client = try await Peer.connect(to: proxy)
            try await upstream.peer.accept()
            _ = try await client.fill()
            try await proxy.stop()
        }

        @Test("If the upstream is missing, the client is reset, and the proxy continues")
        func upstreamMissing() async throws {
            let port = try freePort()
            let proxy = try await Server.proxy(to: port)
            for _ in 1...3 {
                let client = try await Peer.connect(to: proxy)
                let received = try await client.drain()
                #expect(received.bytes == 0)
                #expect(received.end != .open)
            }

            let upstream = try await Peer.listen(at: port)
            let client = try await Peer.connect(to: proxy)
            try await upstream.peer.accept()
            let sent = try await client.send(100)
            #expect(try await upstream.peer.receive(100) == sent)
            try await client.close()
            try await upstream.peer.close()
            try await proxy.stop(notice: "cannot relay 127.0.0.1:")
        }

        @Test("Connections come and go, and no descriptor is left", arguments: [1, 2])
        func descriptors(loops: Int) async throws {
            let upstream = try await Server(Client.line("echo_server.py", []))
            let proxy = try await Server.proxy(to: upstream.port, ["--loops", "\(loops)"])
            let bystander = try await Peer.connect(to: proxy)
            _ = try await bystander.send(1)
            _ = try await bystander.receive(1)
            let before = try proxy.process.descriptors()

            let crowd = try Crowd(at: proxy)
            try await crowd.open(100)
            #expect(try await crowd.greet() == 100)
            #expect(try proxy.process.descriptors() == before + 200)
            try await crowd.close()
            #expect(try await poll({ try proxy.process.descriptors() }, until: { $0 == before }) == before)

            try await bystander.close()
            try await proxy.stop()
        }

        @Test("Busy connections are reset after the grace", arguments: [1, 2])
        func endUnderLoad(loops: Int) async throws {
            let upstream = try await Server(Client.line("echo_server.py", []))
            let proxy = try await Server.proxy(to: upstream.port, ["--loops", "\(loops)", "--grace", "200ms"])
            let load = try RunningCommand([Eddy.path, "load", "tcp://127.0.0.1:\(proxy.port)", "-c", "20", "-d", "1m"])
            let busy = try await poll({ try proxy.process.processorTime() }, until: { $0 > .milliseconds(200) })
            #expect(busy > .milliseconds(200))

            let farewell = try await proxy.stop()
            #expect(farewell.connections == 20)
            load.send(SIGKILL)
            _ = try await load.ending()
        }

        @Test("An idle proxy ends at once", arguments: [SIGTERM, SIGINT])
        func idleEnd(signal: Int32) async throws {
            let proxy = try await Server.proxy(to: freePort(), ["--grace", "1h"])
            let farewell = try await proxy.stop(signal)
            #expect(farewell.connections == 0)
        }
    }
}

extension Peer {
    /// Sends to another peer that receives at the same time.
    fileprivate func send(_ count: Int, while other: Peer) async throws -> Exchange {
        async let received = other.receive(count)
        return try await Exchange(sent: send(count), received: received)
    }
}
