import Eddy
import EddyRing

/// Peers that get their bytes back from another peer, behind a relay.
struct RelayWorkload: Workload {
    let simulation: Simulation

    init(_ simulation: Simulation) { self.simulation = simulation }

    func run() async {
        let simulation = simulation
        let upstream = SocketAddress.loopback(port: 9000)
        // Held until the end: a socket that nobody holds is gone.
        let servers = Servers()
        simulation.network.serve(upstream) { servers.peers.append(EchoingPeer(simulation, $0)) }
        await simulation.serve { connection in
            try await simulation.handling(connection) { try await connection.relay(to: Endpoint(upstream)) }
        } while: {
            for _ in 0...(simulation.network.random.next() % 4) {
                _ = StreamPeer(echoing: simulation, upTo: simulation.scenario.isMemoryLimited ? 600_000 : 150_000)
                if simulation.network.random.once(in: 2) {
                    try? await simulation.loop.sleep(for: .nanoseconds(Int64(simulation.pause(upTo: 100_000_000))))
                }
            }
        }
        servers.peers = []
    }

    private final class Servers: @unchecked Sendable {
        var peers: [EchoingPeer] = []
    }
}
