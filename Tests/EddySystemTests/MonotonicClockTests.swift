import EddySystem
import Testing

@Suite("system: clock")
struct MonotonicClockTests {
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
