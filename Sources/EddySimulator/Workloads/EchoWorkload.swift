import Eddy
import EddyBuffers
import EddySimulation

/// Peers that expect an echo, with every way to write an echo handler.
struct EchoWorkload: Workload {
    let simulation: Simulation

    init(_ simulation: Simulation) { self.simulation = simulation }

    func run() async {
        let simulation = simulation
        await simulation.serve { connection in
            try await simulation.handling(connection) {
                switch simulation.network.random.next() % 4 {
                case 0: try await Self.echoShared(connection, simulation)
                case 1: try await Self.echoChunks(connection)
                case 2: try await Self.echoConcurrently(connection, simulation)
                default: try await Self.echo(connection, simulation)
                }
            }
        } while: {
            await simulation.startEchoing(peers: 6, upTo: simulation.longStream, pausingOnceIn: 2, for: 100_000_000)
        }
    }

    static func echo(_ connection: borrowing Connection, _ simulation: Simulation) async throws {
        let watch = simulation.timing.acceptedConnection(connection.remoteAddress?.port)
        while let bytes = try await simulation.read(from: connection, watch) {
            try await connection.write(bytes)
        }
    }

    /// Sends slices of the received bytes, and retains one of them for a while.
    private static func echoShared(_ connection: borrowing Connection, _ simulation: Simulation) async throws {
        let watch = simulation.timing.acceptedConnection(connection.remoteAddress?.port)
        var kept: SharedBuffer?
        while let bytes = try await simulation.read(from: connection, watch) {
            let shared = bytes.share()
            let middle = shared.count / 2
            try await connection.write(contentsOf: [shared[..<middle], shared[middle...]])
            kept = shared
        }
        _ = kept
    }

    private static func echoChunks(_ connection: borrowing Connection) async throws {
        var chunks = connection.chunks.makeAsyncIterator()
        while let chunk = try await chunks.next() { try await connection.write(chunk) }
    }

    /// Reads in one task, and writes in another.
    private static func echoConcurrently(_ connection: borrowing Connection, _ simulation: Simulation) async throws {
        simulation.noteTwoTasks(on: connection.remoteAddress?.port)
        let (stream, queue) = AsyncStream.makeStream(of: SharedBuffer.self)
        try await connection.concurrently { reader in
            defer { queue.finish() }
            while let bytes = try await reader.read() { queue.yield(bytes.share()) }
        } writing: { writer in
            for await bytes in stream { try await writer.write(bytes) }
        }
    }
}
