import EddySystem
import EddyTestSupport
import Testing

/// Instants and durations, including extreme ones.
@Suite("system: instants")
struct InstantTests {
    @Test(
        "Advances an instant by a duration",
        arguments: [
            (5, .nanoseconds(7), 12), (5, .zero, 5), (5, .seconds(-1), 5), (5, .seconds(2), 2_000_000_005),
            (5, .seconds(Int64.max), .distantFuture), (.distantFuture, .nanoseconds(1), .distantFuture),
            (0, .seconds(20_000_000_000), .distantFuture),
        ] as [(Instant, Duration, Instant)]
    )
    func advancing(start: Instant, duration: Duration, end: Instant) {
        #expect(start.advanced(by: duration) == end)
        #expect(start.advanced(byNanoseconds: duration.wholeNanoseconds) == end)
    }

    @Test("Measures the time until a later instant, and none until an earlier one")
    func measuring() {
        let (early, late) = (Instant(nanoseconds: 5), Instant(nanoseconds: 12))
        #expect(early.nanoseconds(to: late) == 7)
        #expect(early.duration(to: late) == .nanoseconds(7))
        #expect(late.nanoseconds(to: early) == 0)
        #expect(Instant.distantPast.nanoseconds(to: .distantFuture) == .max)
    }

    @Test("Instants are ordered in time")
    func ordering() {
        #expect(Instant.distantPast < Instant(nanoseconds: 1))
        #expect(Instant(nanoseconds: .max - 1) < .distantFuture)
    }
}
