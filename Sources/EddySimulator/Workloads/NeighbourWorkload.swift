import Eddy
import EddyBuffers
import EddySimulation

/// Well-behaved clients among peers that hold as many resources as they can, and one more client after all have left.
struct NeighbourWorkload: Workload {
    let simulation: Simulation
    /// The longest message of a well-behaved client in bytes.
    static let longestRequest = 4000

    init(_ simulation: Simulation) { self.simulation = simulation }

    func run() async {
        let simulation = simulation
        await simulation.serve { connection in
            try await simulation.handling(connection) { try await Self.answer(connection, simulation) }
        } while: {
            await withTaskGroup(of: Void.self) { tasks in
                for _ in 0..<simulation.network.random.next() % 3 { tasks.addTask { await Self.sleep(simulation) } }
                if simulation.network.random.once(in: 4) { tasks.addTask { await Self.yield(simulation) } }
                await startPeers()
                await simulation.peersFinished()
            }
            await comeLate()
        }
    }

    private func startPeers() async {
        let random = simulation.network.random.next()
        var order = SeededGenerator(seed: random)
        // The messages of a few peers are too short to make a loop's memory tight. A separate generator leaves other
        // seeds unaffected.
        var crowding = SeededGenerator(seed: ~random)
        let isCrowd = simulation.scenario.isMemoryLimited && crowding.once(in: 2)
        let malices: [HostilePeer.Malice] = isCrowd ? [.holds, .holds, .pushes] : HostilePeer.Malice.allCases
        for _ in 0..<(isCrowd ? 50 + crowding.next() % 50 : 1 + order.next() % 6) {
            let malice = malices[Int(order.next() % UInt64(malices.count))]
            let stay = (isCrowd ? 5_000_000_000 : 1_000_000) + UInt64(order.magnitude(0...20_000_000_000))
            _ = HostilePeer(simulation, malice, until: simulation.network.now.advanced(byNanoseconds: stay))
            if !isCrowd, order.once(in: 2) {
                try? await simulation.timing.sleep(for: .nanoseconds(Int64(order.magnitude(0...500_000_000))))
            }
        }
        for _ in 0...order.next() % 4 {
            _ = ClientPeer(simulation, messages: 1 + Int(order.next() % 8))
            if order.once(in: 2) {
                try? await simulation.timing.sleep(for: .nanoseconds(Int64(order.magnitude(0...500_000_000))))
            }
        }
    }

    /// When all peers have left and the server knows it, a new client must be served.
    private func comeLate() async {
        guard simulation.patience == nil, !simulation.isShuttingDown else { return }
        try? await simulation.timing.sleep(for: .seconds(3))
        guard !simulation.isShuttingDown else { return }
        _ = ClientPeer(simulation, messages: 2, isLate: simulation.answersAreBounded)
        await simulation.peersFinished()
    }

    /// The head of a message has no deadline; in some simulations the rest has one.
    private static func answer(_ connection: borrowing Connection, _ simulation: Simulation) async throws {
        let watch = simulation.timing.acceptedConnection(connection.remoteAddress?.port)
        while let head = try await simulation.read(exactly: 4, from: connection, watch) {
            let count = head.bytes.withUnsafeBytes { unsafe Int(UInt32(bigEndian: $0.loadUnaligned(as: UInt32.self))) }
            guard let message = try await body(count, of: connection, watch, simulation) else { return }
            try await connection.write(copying: ExchangeWorkload.length(count).span)
            try await connection.write(message)
        }
    }

    private static func body(
        _ count: Int,
        of connection: borrowing Connection,
        _ watch: ConnectionWatch?,
        _ simulation: Simulation
    ) async throws -> Buffer? {
        guard let deadline = simulation.scenario.messageDeadline else {
            return try await simulation.read(exactly: count, from: connection, watch)
        }
        watch?.deadlines.append(simulation.network.now.advanced(by: deadline))
        defer { watch?.deadlines.removeLast() }
        return try await connection.withReadDeadline(after: deadline) { () throws(ConnectionError) in
            try await simulation.read(exactly: count, from: connection, watch)
        }
    }

    // MARK: Tasks without connections

    /// Sleeps several times; some sleeps are cancelled.
    private static func sleep(_ simulation: Simulation) async {
        var random = SeededGenerator(seed: simulation.network.random.next())
        for _ in 0..<6 {
            let duration = Duration.nanoseconds(Int64(random.magnitude(0...10_000_000_000)))
            let sleeper = Task(executorPreference: simulation.loop) {
                try? await simulation.timing.sleep(for: duration)
            }
            if random.once(in: 4) {
                let time = UInt64(random.magnitude(0...10_000_000_000))
                simulation.network.schedule(in: time) { _ = simulation.loop.post { sleeper.cancel() } }
            }
            await sleeper.value
        }
    }

    /// Yields for a while. The loop must still process completions.
    private static func yield(_ simulation: Simulation) async {
        let duration = 20_000 + UInt64(simulation.network.random.magnitude(0...200_000))
        let end = simulation.network.now.advanced(byNanoseconds: duration)
        var (time, count) = (simulation.network.now, 0)
        while simulation.network.now < end {
            await Task.yield()
            count += 1
            if simulation.network.now != time { (time, count) = (simulation.network.now, 0) }
            if count > 100_000 { simulation.network.fail("jobs run, but no completion is processed") }
        }
    }
}

extension Simulation {
    /// Whether well-behaved clients are answered within a bound and never reset. This holds also when memory is short,
    /// unless the timeout is so short that a high latency counts as accepting nothing.
    var answersAreBounded: Bool {
        !scenario.isMemoryLimited || scenario.configuration.starvationTimeout > .seconds(2)
    }

    /// Whether the connection of a client that accepts its replies may fail: never for the loop's lack of memory.
    func mayBreakClient(_ peer: Peer) -> Bool {
        answersAreBounded ? mayBreakUnevicted(peer) : mayBreak(peer)
    }
}
