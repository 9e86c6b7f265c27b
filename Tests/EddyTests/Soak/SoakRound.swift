import Eddy
import EddySimulation
import Foundation
import Synchronization

/// One round: two servers, their clients, and the shutdown in the middle.
///
///     client ──▶ echo server
///     client ──▶ relay ──▶ echo server     on the same loops
///
/// Each client makes a number of visits, and a last one that only the shutdown ends. The servers are shut down when
/// some or all of the clients are in their last visits; the others are interrupted in their current visit.
final class SoakRound: Sendable {
    private static let clients = 32
    private static let visits = 6

    private let group: EventLoopGroup
    private let seed: UInt64
    /// Whether Eddy may break a connection at any time, and not only when a server is shut down.
    private let breaksConnections: Bool
    private let isEnding = Atomic<Bool>(false)
    private let arrivals = Atomic<Int>(0)

    init(group: EventLoopGroup, seed: UInt64, breaksConnections: Bool) {
        self.group = group
        self.seed = seed
        self.breaksConnections = breaksConnections
    }

    /// Whether a connection may end early.
    var mayBreak: Bool { breaksConnections || isOver }

    /// Whether the servers are being shut down.
    var isOver: Bool { isEnding.load(ordering: .acquiring) }

    /// Called when a client is in its last visit or has failed.
    func clientArrived() { arrivals.add(1, ordering: .releasing) }

    func run() async throws {
        var generator = SeededGenerator(seed: seed)
        var options = TCPServer.Options()
        if Bool.random(using: &generator) { options.accepting = .distributing(.leastLoaded) }
        let server = try TCPServer(on: .loopback(port: 0), group: group, options: options)
        let relay = try TCPServer(on: .loopback(port: 0), group: group, options: options)
        async let serving = server.run(echo)
        async let relaying = relay.run { [address = server.address] client in
            try await client.relay(to: Endpoint(address))
        }
        let visitsSeed = generator.next()
        async let visiting: Void = visit([server.address, relay.address], visitsSeed)

        let needed = Int.random(in: 1...Self.clients, using: &generator)
        while arrivals.load(ordering: .acquiring) < needed { try await Task.sleep(for: .milliseconds(1)) }
        isEnding.store(true, ordering: .releasing)
        for server in [server, relay].shuffled(using: &generator) {
            server.shutDown(grace: [.zero, .milliseconds(20)].randomElement(using: &generator)!)
        }
        _ = await (serving, relaying)
        try await visiting
    }

    /// Starts the clients, waits for all, and throws the first one's error.
    private func visit(_ servers: [SocketAddress], _ seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        try await withThrowingTaskGroup { tasks in
            for number in 0..<Self.clients {
                let seed = generator.next()
                tasks.addTask {
                    try await blocking {
                        var client = SoakClient(number: number, seed: seed, servers: servers, round: self)
                        try client.run(visits: Self.visits)
                    }
                }
            }
            try await tasks.waitForAll()
        }
    }
}
