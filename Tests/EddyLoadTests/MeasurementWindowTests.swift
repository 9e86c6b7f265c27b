import Testing

@testable import EddyLoad

/// When requests are counted.
@Suite("load: measurement window")
struct MeasurementWindowTests {
    @Test("Before it is opened nothing is counted, and nothing is over")
    func closed() {
        let window = MeasurementWindow()
        #expect(!window.contains(0))
        #expect(!window.contains(.max - 1))
        #expect(!window.isOver(at: .max - 1))
        #expect(window.seconds(at: .max) == 0)
    }

    @Test("The start belongs to it, the end does not")
    func bounds() {
        let window = MeasurementWindow()
        window.open(from: 10, until: 20)
        #expect([9, 10, 19, 20].map(window.contains) == [false, true, true, false])
        #expect([9, 19, 20].map(window.isOver) == [false, false, true])
        #expect(window.seconds(at: 5) == 0)
        #expect(window.seconds(at: 15) == 5e-9)
        #expect(window.seconds(at: .max) == 10e-9)
    }

    @Test("Closing ends it early, and never prolongs it")
    func closing() {
        let window = MeasurementWindow()
        window.open(from: 10, until: 20)
        window.close(at: 15)
        window.close(at: 18)
        #expect(window.isOver(at: 15))
        #expect(window.seconds(at: .max) == 5e-9)
    }

    @Test("Closing before the start leaves nothing to count")
    func closingEarly() {
        let window = MeasurementWindow()
        window.open(from: 10, until: 20)
        window.close(at: 5)
        #expect(!window.contains(12))
        #expect(window.seconds(at: .max) == 0)
    }
}
