import EddySystem
import EddyTestSupport
import Testing

@testable import EddyLoad

/// The period in which requests are counted.
@Suite("load: measurement window")
struct MeasurementWindowTests {
    @Test("Before the window opens nothing is counted, and it is not over")
    func closed() {
        let window = MeasurementWindow()
        #expect(!window.contains(0))
        #expect(!window.contains(Instant(nanoseconds: .max - 1)))
        #expect(!window.isOver(at: Instant(nanoseconds: .max - 1)))
        #expect(window.seconds(at: .distantFuture) == 0)
    }

    @Test("The window includes its start and excludes its end")
    func bounds() {
        let window = MeasurementWindow()
        window.open(from: 10, until: 20)
        #expect([9, 10, 19, 20].map(window.contains) == [false, true, true, false])
        #expect([9, 19, 20].map(window.isOver) == [false, false, true])
        #expect(window.seconds(at: 5) == 0)
        #expect(window.seconds(at: 15) == 5e-9)
        #expect(window.seconds(at: .distantFuture) == 10e-9)
        #expect([9, 10, 19, 20].map(window.phase) == [.before, .within, .within, .after])
        #expect(window.ageAtEnd(ofRequestSentAt: 12) == 8)
        #expect(window.ageAtEnd(ofRequestSentAt: 20) == nil)
        #expect(!window.isCutShort)
    }

    @Test("Closing ends the window early, and never prolongs it")
    func closing() {
        let window = MeasurementWindow()
        window.open(from: 10, until: 20)
        window.close(at: 15)
        window.close(at: 18)
        #expect(window.isOver(at: 15))
        #expect(window.isCutShort)
        #expect(window.seconds(at: .distantFuture) == 5e-9)
    }

    @Test("Closing before the start leaves nothing to count")
    func closingEarly() {
        let window = MeasurementWindow()
        window.open(from: 10, until: 20)
        window.close(at: 5)
        #expect(!window.contains(12))
        #expect(window.phase(at: 30) == .before)
        #expect(window.seconds(at: .distantFuture) == 0)
    }

    @Test("A closed window cannot be opened")
    func openingLate() {
        let window = MeasurementWindow()
        window.close(at: 5)
        window.open(from: 10, until: 20)
        #expect(window.isOver(at: 5))
        #expect(window.phase(at: 12) == .before)
    }

    @Test("Closing after the end changes nothing")
    func closingLate() {
        let window = MeasurementWindow()
        window.open(from: 10, until: 20)
        window.close(at: 25)
        #expect(!window.isCutShort)
        #expect(window.seconds(at: .distantFuture) == 10e-9)
    }
}
