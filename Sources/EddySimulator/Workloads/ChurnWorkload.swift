import Eddy

/// Many short connections, a few of them concurrent.
struct ChurnWorkload: Workload {
    let simulation: Simulation

    init(_ simulation: Simulation) { self.simulation = simulation }

    func run() async {
        let simulation = simulation
        await simulation.serve { connection in
            try await simulation.handling(connection) { try await EchoWorkload.echo(connection, simulation) }
        } while: {
            await simulation.startEchoing(peers: 40, upTo: 500, pausingOnceIn: 4, for: 20_000_000)
        }
    }
}
