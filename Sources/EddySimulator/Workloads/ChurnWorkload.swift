import Eddy
import EddyRing

/// Many short connections, a few at a time.
struct ChurnWorkload: Workload {
    let simulation: Simulation

    init(_ simulation: Simulation) { self.simulation = simulation }

    func run() async {
        let simulation = simulation
        await simulation.serve { connection in
            try await simulation.handling(connection) { try await EchoWorkload.echo(connection) }
        } while: {
            for _ in 0...(simulation.network.random.next() % 40) {
                _ = StreamPeer(echoing: simulation, upTo: 500)
                if simulation.network.random.once(in: 4) {
                    try? await simulation.loop.sleep(for: .nanoseconds(Int64(simulation.pause(upTo: 20_000_000))))
                }
            }
        }
    }
}
