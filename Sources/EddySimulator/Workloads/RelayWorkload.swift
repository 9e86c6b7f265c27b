import Eddy
import EddySimulation

/// Peers whose bytes pass through a relay to another peer, which echoes them.
struct RelayWorkload: Workload {
    let simulation: Simulation

    init(_ simulation: Simulation) { self.simulation = simulation }

    func run() async {
        let simulation = simulation
        let upstream = SocketAddress.loopback(port: 9000)
        // Retained until the end: an unreferenced socket is freed.
        let servers = Servers()
        simulation.network.serve(upstream) { servers.peers.append(EchoingPeer(simulation, $0)) }
        await simulation.serve { connection in
            try await simulation.handling(connection) { try await connection.relay(to: Endpoint(upstream)) }
        } while: {
            await simulation.startEchoing(peers: 4, upTo: simulation.longStream, pausingOnceIn: 2, for: 100_000_000)
        }
        servers.peers = []
    }

    private final class Servers: @unchecked Sendable {
        var peers: [EchoingPeer] = []
    }
}
