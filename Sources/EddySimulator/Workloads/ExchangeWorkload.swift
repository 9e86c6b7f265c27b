import Eddy
import EddyBuffers
import EddySimulation

/// Eddy clients and an Eddy server that exchange length-prefixed messages. Some clients are cancelled.
struct ExchangeWorkload: Workload {
    let simulation: Simulation
    /// The server's limit for messages in bytes.
    static let limit = 20_000

    init(_ simulation: Simulation) { self.simulation = simulation }

    func run() async {
        let simulation = simulation
        await simulation.serve { connection in
            let port = connection.remoteAddress?.port
            let watch = simulation.timing.acceptedConnection(port)
            do {
                while let message = try await simulation.readFrame(from: connection, limit: Self.limit, watch) {
                    try await connection.write(copying: Self.length(message.count).span)
                    try await connection.write(message)
                }
            } catch {
                simulation.thrownInExchange(error, by: port, isCancelled: false)
                throw error
            }
            simulation.handlerReturned(port)
        } while: {
            simulation.startDyingInMessages()
            await withTaskGroup(of: Void.self) { clients in
                for _ in 0...(simulation.network.random.next() % 5) {
                    let client = Task(executorPreference: simulation.loop) { await Self.exchange(simulation) }
                    if simulation.network.random.once(in: 3) {
                        cancel(client, after: simulation.pause(upTo: 1_000_000_000))
                    }
                    // An unplugged client would wait forever.
                    if let patience = simulation.patience { cancel(client, after: patience) }
                    clients.addTask { await client.value }
                }
            }
        }
    }

    private func cancel(_ client: Task<Void, Never>, after time: UInt64) {
        simulation.network.schedule(in: time) { [simulation] in
            _ = simulation.loop.post {
                simulation.cancelledClients += 1
                client.cancel()
            }
        }
    }

    static func length(_ count: Int) -> [UInt8] {
        [
            UInt8(truncatingIfNeeded: count >> 24), UInt8(truncatingIfNeeded: count >> 16),
            UInt8(truncatingIfNeeded: count >> 8), UInt8(truncatingIfNeeded: count),
        ]
    }

    private static func exchange(_ simulation: Simulation) async {
        let start = simulation.timing.connectBegan()
        do {
            try await simulation.loop.connect(to: simulation.address) { connection in
                simulation.timing.connectEnded(after: start)
                let watch = simulation.timing.ownConnection(connection.localAddress?.port)
                simulation.timing.handlerBegan(watch)
                do {
                    try await exchange(connection, watch, simulation)
                    simulation.handlerEnded(watch, hasThrown: false)
                } catch {
                    simulation.timing.thrown(error, watch)
                    simulation.handlerEnded(watch, hasThrown: true)
                    throw error
                }
            }
        } catch {
            if let error = error as? ConnectError { simulation.timing.connectEnded(after: start, error) }
            simulation.thrownInExchange(error, isCancelled: Task.isCancelled)
        }
    }

    private static func exchange(
        _ connection: consuming Connection,
        _ watch: ConnectionWatch?,
        _ simulation: Simulation
    ) async throws {
        let pattern = BytePattern(key: simulation.network.random.next())
        var position = 0
        for _ in 0...(simulation.network.random.next() % 8) {
            // Some messages exceed the server's limit.
            let isTooLong = simulation.network.random.once(in: 40)
            if isTooLong { simulation.tooLongMessages += 1 }
            let count = isTooLong ? limit + 1 : simulation.network.random.magnitude(0...limit)
            try await connection.write(copying: length(count).span)
            try await connection.write(copying: pattern.bytes(position..<position + count).span)
            guard let answer = try await simulation.readFrame(from: connection, limit: limit, watch) else {
                guard simulation.exchangesMayBreak else {
                    simulation.network.fail("the server ended the stream of a client")
                }
                return
            }
            let same = answer.bytes.withUnsafeBytes { [position] in
                unsafe pattern.firstDifference(in: $0, at: position) == nil
            }
            position += count
            guard answer.count == count, same else { simulation.network.fail("a reply differs from its request") }
        }
    }
}
