import Eddy
import EddyBuffers
import EddySimulation
import Foundation
import Testing

/// Rounds of servers and clients on one group of loops, after a short warm-up with another group as the baseline.
struct Soak: Sendable {
    /// The seed of this process's tests.
    static let seed = environment["EDDY_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 0...(1 << 48))
    static let isHeavy = environment["EDDY_HEAVY"] == "1"
    private static var environment: [String: String] { ProcessInfo.processInfo.environment }

    /// Bytes by which the process may grow: memory that allocators and the runtime keep.
    private static let memoryMargin = 32 << 20

    var seed: UInt64
    var loops: Int
    /// The pools are so small that receives starve, and connections are shed.
    var memoryIsScarce = false

    func run() async throws {
        // A process that hangs ends itself, even without a test that waits for it.
        alarm(600)
        var generator = SeededGenerator(seed: seed)
        try await live(rounds: 1, &generator)
        let before = try await ProcessHoldings.settled()
        try await live(rounds: Self.isHeavy ? 40 : 2, &generator)
        let after = try await ProcessHoldings.settled()
        expect(after.descriptors == before.descriptors, "\(before.descriptors) became \(after.descriptors)")
        let growth = after.residentBytes - before.residentBytes
        expect(
            growth < Self.memoryMargin || ProcessHoldings.includeSanitizer,
            "\(growth) bytes more are resident than after the first life"
        )
    }

    /// The lifetime of one group of loops.
    private func live(rounds: Int, _ generator: inout SeededGenerator) async throws {
        let group = try EventLoopGroup(count: loops, configuration: configuration.quiet)
        defer { group.shutDown() }
        for _ in 0..<rounds {
            let round = SoakRound(group: group, seed: generator.next(), breaksConnections: memoryIsScarce)
            do { try await round.run() } catch { expect(false, "\(error)") }
            try await expectNothingLeft(group)
        }
    }

    private func expectNothingLeft(_ group: EventLoopGroup) async throws {
        // Connections that handlers made may be closed a moment later.
        try await eventually {
            let statistics = await group.statistics()
            return statistics.connections == 0 && statistics.timers == 0
        }
        let statistics = await group.statistics()
        expect(statistics.pool.slicesOut == 0, "\(statistics.pool.slicesOut) slices are out")
        expect(statistics.pool.dedicatedBuffers == 0, "\(statistics.pool.dedicatedBuffers) dedicated buffers are left")
        let opened = statistics.connectionsAccepted + statistics.connectionsOpened
        expect(opened == statistics.connectionsClosed, "\(opened) opened, \(statistics.connectionsClosed) closed")
        if !memoryIsScarce { expect(statistics.connectionsEvicted == 0, "connections were evicted") }
    }

    /// For an issue in an exit test only the comment is reported.
    private func expect(_ condition: Bool, _ comment: @autoclosure () -> String) {
        if !condition { Issue.record("EDDY_SEED=\(seed): \(comment())") }
    }

    private var configuration: EventLoop.Configuration {
        var configuration = EventLoop.Configuration.patient
        configuration.connectTimeout = .seconds(100)
        configuration.starvationTimeout = .seconds(100)
        // If memory is recycled too early, a client gets bytes that differ from its pattern.
        configuration.pool.poisonsMemory = true
        if memoryIsScarce {
            configuration.pool = BufferPool.Configuration(receiveChunkSize: 64 << 10, maximumBytes: 4 << 20)
            configuration.starvationTimeout = .milliseconds(50)
        }
        return configuration
    }
}
