import EddySystem
import Testing

/// Times and durations, including extreme ones.
@Suite("system: clock")
struct MonotonicClockTests {
    @Test(
        "Adds a duration to a time",
        arguments: [
            (UInt64(5), Duration.nanoseconds(7), UInt64(12)), (5, .zero, 5), (5, .seconds(-1), 5),
            (5, .seconds(2), 2_000_000_005),
            (5, .seconds(Int64.max), .max), (.max, .nanoseconds(1), .max), (0, .seconds(20_000_000_000), .max),
        ]
    )
    func advancing(moment: UInt64, duration: Duration, later: UInt64) {
        #expect(moment.advanced(by: duration) == later)
    }

    @Test("The clock does not run backwards")
    func monotonic() {
        var last = MonotonicClock.now
        for _ in 0..<1000 {
            let now = MonotonicClock.now
            #expect(now >= last)
            last = now
        }
    }
}
