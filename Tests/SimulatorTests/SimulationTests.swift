import EddySimulation
import Testing

@testable import EddySimulator

/// A violation ends the process and names the seed: reproduce it with `scripts/simulate --seed N`.
@Suite("simulation", .serialized, .timeLimit(.minutes(5)))
struct SimulationTests {
    @Test("The same seed gives the same run, byte for byte")
    func reproducible() throws {
        for seed in UInt64(0)..<40 {
            let (first, second) = (try Simulation.run(seed: seed), try Simulation.run(seed: seed))
            #expect(first.hash == second.hash, "seed \(seed)")
            #expect(first.errors == second.errors, "seed \(seed)")
        }
    }

    @Test("Different seeds give different runs")
    func different() throws {
        let hashes = try (UInt64(0)..<40).map { try Simulation.run(seed: $0).hash }
        #expect(Set(hashes).count == 40)
    }

    @Test("No seed violates an invariant")
    func noViolation() throws {
        var sum = SimulationResult()
        for seed in UInt64(1000)..<1200 { sum.add(try Simulation.run(seed: seed)) }
        #expect(sum.counters.connections > 500)
        #expect(sum.counters.bytes > 1_000_000)
    }

    @Test(
        "Unplugged connections end when the system gives up, or with the server",
        arguments: zip([UInt64(2159), 2262, 2013, 2236], [true, true, false, false])
    )
    func unplugged(seed: UInt64, timesOut: Bool) throws {
        let result = try Simulation.run(seed: seed)
        #expect(result.counters[.peerUnplugged] > 0)
        #expect((result.errors["ConnectionError.timedOut"] ?? 0 > 0) == timesOut)
    }

    @Test("Clients that hold messages make memory tight, and well-behaved clients still get answers")
    func crowd() throws {
        #expect(try Simulation.run(seed: 109).memoryShortages > 0)
    }

    /// Each of these seeds reproduces a bug in Eddy if its fix is reverted:
    ///
    /// - 8: a reader that waited for more than the window holds was forgotten when memory became free.
    /// - 512: the same for a reader that polls the ring inline.
    /// - 27: the timer after which a listener accepts again outlived the listener.
    /// - 28: a second shutdown of a listener that had left its loop set a timer under a number that belonged to
    ///   another.
    /// - 5837: a closing connection was reset after a quarter of its write timeout.
    /// - 17238: a loop that ended in the middle of a stall did not cancel its own operations in flight.
    /// - 24748: the timer of receives that waited for memory outlived the loop.
    /// - 29993: only a send learned that its connection had broken, and a relay forwarded the end that its receive
    ///   found.
    /// - 154146: a reader that waited for memory for a message kept its place for the next one, of which nothing came, and
    ///   others waited behind it for ever.
    @Test("Fixed bugs do not recur", arguments: [UInt64(8), 27, 28, 512, 5837, 17_238, 24_748, 29_993, 154_146])
    func found(seed: UInt64) throws {
        _ = try Simulation.run(seed: seed)
    }
}
