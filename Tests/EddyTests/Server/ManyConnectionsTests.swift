import EddyBuffers
import Foundation
import Testing

@testable import Eddy

/// Connections that come and go.
@Suite("server: many connections", .serialized, .timeLimit(.minutes(5)))
struct ManyConnectionsTests {
    @Test("A thousand short connections are accepted, served and closed", arguments: [FeatureSet.all, .none])
    func short(set: FeatureSet) async throws {
        let statistics = try await withServer(set, loops: 2) { server in
            try await Self.visit(server, times: 250, byPeers: 4)
        }
        #expect(statistics.connectionsAccepted == 1000)
        #expect(statistics.bytesSent == 3000)
    }

    @Test("Connections beyond the limit are closed at once, and there is room again afterwards")
    func limit() async throws {
        var configuration = EventLoop.Configuration()
        configuration.maximumConnections = 3
        let statistics = try await withServer(configuration: configuration) { server in
            var peers: [Peer] = []
            for _ in 0..<3 {
                let peer = try await Peer.connect(to: server.address)
                try await peer.send([1])
                _ = try await peer.receive(1)
                peers.append(peer)
            }
            let refused = try await Peer.connect(to: server.address)
            #expect(try await refused.receiveUntilBroken().bytes.isEmpty)
            for peer in peers { peer.close() }
            try await eventually { await server.group.statistics().connections == 0 }
            try await Self.visit(server, times: 1, byPeers: 1)
        }
        #expect(statistics.connectionsAccepted == 4)
        #expect(statistics.connectionsRefused == 1)
    }

    @Test("No descriptor leaks after faults of any kind")
    func descriptors() async {
        // In a process of its own: the other tests open and close descriptors all the time.
        await #expect(processExitsWith: .success) {
            try await Self.visitWithFaults()
            try await Self.connectWithFaults()
            let before = try await ProcessHoldings.settled().descriptors
            for _ in 0..<5 {
                try await Self.visitWithFaults()
                try await Self.connectWithFaults()
            }
            let after = try await ProcessHoldings.settled().descriptors
            guard before == after else {
                print("descriptors before: \(before), after: \(after)")
                exit(1)
            }
        }
    }

    private static func visit(_ server: TCPServer, times: Int, byPeers peers: Int) async throws {
        try await withThrowingTaskGroup { tasks in
            for _ in 0..<peers {
                tasks.addTask {
                    for _ in 0..<times {
                        let peer = try await Peer.connect(to: server.address)
                        try await peer.send([1, 2, 3])
                        #expect(try await peer.receive(3) == [1, 2, 3])
                        peer.close()
                    }
                }
            }
            try await tasks.waitForAll()
        }
    }

    /// Peers that close, half-close, reset and stay, and client connections that succeed or fail.
    private static func visitWithFaults() async throws {
        let refusing = try ClosedPort()
        let server = try TCPServer(on: .loopback(port: 0), loops: 2)
        async let running = server.run(echo)
        var staying: [Peer] = []
        for number in 0..<40 {
            let peer = try await Peer.connect(to: server.address)
            try await peer.send([1, 2, 3])
            switch number % 4 {
            case 0: peer.close()
            case 1:
                peer.finish()
                _ = try await peer.receiveAll()
            case 2: peer.reset()
            default: staying.append(peer)
            }
        }
        let loop = server.group.next()
        try await loop.run {
            try await loop.connect(to: server.address) { try await $0.write("hello") }
            try? await loop.connect(to: refusing.address) { _ in }
        }
        server.shutDown(grace: .zero)
        _ = await running
        for peer in staying { peer.close() }
    }

    /// Clients whose addresses do not answer, or are overtaken, or that are cancelled; a server at its limit that
    /// distributes connections, on a path.
    private static func connectWithFaults() async throws {
        try await withTemporaryDirectory { directory in
            var serverOptions = TCPServer.Options()
            serverOptions.accepting = .distributing(.leastLoaded)
            serverOptions.maximumConnections = 2
            let path = "unix:" + directory.appending(path: "s").path
            let server = try TCPServer(on: "\(path)", loops: 2, options: serverOptions)
            async let running = server.run(echo)
            var peers: [Peer] = []
            for _ in 0..<5 { peers.append(try await Peer.connect(to: server.address)) }
            let hole = try BlackHole()
            var options = ConnectOptions()
            options.timeout = .milliseconds(20)
            _ = await errorOfConnecting(through: server.group, to: Endpoint(hole.address), options)
            options.localAddress = try SocketAddress("192.0.2.1:0")
            _ = await errorOfConnecting(through: server.group, to: Endpoint(hole.address), options)
            options.localAddress = nil
            options.timeout = .seconds(1000)
            let task = Task { [options] in
                await errorOfConnecting(through: server.group, to: Endpoint(hole.address), options)
            }
            try await Task.sleep(for: .milliseconds(5))
            task.cancel()
            _ = await task.value
            server.shutDown(grace: .zero)
            _ = await running
            for peer in peers { peer.close() }
        }
    }
}
