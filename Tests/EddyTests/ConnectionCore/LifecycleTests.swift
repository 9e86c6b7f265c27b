import Testing

@testable import Eddy

/// Every phase, and every way out of it.
@Suite("connection core: lifecycle")
struct LifecycleTests {
    typealias Phase = Lifecycle.Phase

    /// The permitted transitions, phase by phase.
    private static let table: [Phase: [Phase]] = [
        .vacant: [.connecting, .open],
        .connecting: [.open, .vacant],
        .open: [.broken, .released, .closing, .detaching],
        .broken: [.released, .closing],
        .released: [.closing],
        .closing: [.vacant],
        .detaching: [.released, .vacant],
    ]

    @Test("Each phase leads to the phases of the table, and to no other", arguments: Phase.allCases)
    func transitions(from: Phase) throws {
        let permitted = try #require(Self.table[from])
        for next in Phase.allCases {
            expectTrue(Lifecycle.permits(from, to: next) == permitted.contains(next), "\(from) to \(next)")
            guard permitted.contains(next) else { continue }
            var lifecycle = Lifecycle(from)
            lifecycle.move(to: next)
            expectTrue(lifecycle.phase == next)
            expectTrue(lifecycle.ending == .graceful)
        }
    }

    @Test("Every phase but vacant leads back to vacant")
    func reachability() {
        for start in Phase.allCases where start != .vacant {
            var reached: Set<Phase> = [start]
            for _ in Phase.allCases { reached.formUnion(reached.flatMap { Self.table[$0] ?? [] }) }
            expectTrue(reached.contains(.vacant), "\(start)")
        }
    }

    @Test("An impossible transition asserts")
    func impossible() async {
        await #expect(processExitsWith: .failure) {
            var lifecycle = Lifecycle(.closing)
            lifecycle.move(to: .open)
        }
        await #expect(processExitsWith: .failure) {
            var lifecycle = Lifecycle(.open)
            _ = lifecycle.awaitDelivery()
        }
        await #expect(processExitsWith: .failure) {
            var lifecycle = Lifecycle(.open)
            lifecycle.fail(0)
        }
    }

    @Test("An ending never becomes gentler", arguments: Lifecycle.Ending.allCases, Lifecycle.Ending.allCases)
    func endings(first: Lifecycle.Ending, second: Lifecycle.Ending) {
        var lifecycle = Lifecycle(.open)
        lifecycle.end(first)
        lifecycle.end(second)
        expectTrue(lifecycle.ending == max(first, second))
    }

    @Test("The first failure counts, and a failure to send becomes one of both directions")
    func failures() {
        var lifecycle = Lifecycle(.open)
        expectTrue(!lifecycle.cannotSend && !lifecycle.hasFailed && lifecycle.failure.code == 0)
        lifecycle.failSending(32)
        expectTrue(lifecycle.cannotSend && !lifecycle.hasFailed && lifecycle.isReceivingLast)
        lifecycle.failSending(99)
        expectTrue(lifecycle.failure == .sending(32))
        lifecycle.fail(104)
        expectTrue(lifecycle.failure == .both(32))
        expectTrue(lifecycle.cannotSend && lifecycle.hasFailed && !lifecycle.isReceivingLast)
        lifecycle.fail(5)
        lifecycle.failSending(6)
        expectTrue(lifecycle.failure == .both(32))
    }

    @Test("Delivery is awaited once")
    func delivery() {
        var lifecycle = Lifecycle(.closing)
        expectTrue(lifecycle.awaitDelivery())
        expectTrue(!lifecycle.awaitDelivery())
        lifecycle.delivered()
        expectTrue(lifecycle.delivery == .complete)
        expectTrue(!lifecycle.awaitDelivery())
    }
}
