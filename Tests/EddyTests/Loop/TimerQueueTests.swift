import Testing

@testable import Eddy

/// The earliest deadline first, and nothing before its time.
@Suite("loop: timer queue")
struct TimerQueueTests {
    @Test("Timers come out in the order of their deadlines", arguments: [1, 2, 3, 10, 500])
    func order(count: Int) {
        var timers = TimerQueue()
        var generator = SplitMix(state: UInt64(count))
        let deadlines = (0..<count).map { _ in UInt64.random(in: 0...100, using: &generator) }
        for deadline in deadlines { timers.schedule(.sleep(deadline), at: deadline) }
        var fired: [UInt64] = []
        while let deadline = timers.nextDeadline {
            guard case .sleep(let number)? = timers.popDue(at: deadline) else { break }
            #expect(number == deadline)
            fired.append(number)
        }
        #expect(fired == deadlines.sorted())
        #expect(timers.nextDeadline == nil)
    }

    @Test("What is not due stays")
    func notDue() {
        var timers = TimerQueue()
        #expect(timers.isDone(at: .max) == true)
        timers.schedule(.sleep(1), at: 10)
        #expect(timers.isDone(at: 9) == true)
        #expect(timers.nextDeadline == 10)
        #expect(timers.isDone(at: 10) == false)
        timers.schedule(.sleep(2), at: .max)
        #expect(timers.isDone(at: .max - 1) == true)
    }
}

extension TimerQueue {
    /// Takes a timer that is due; says whether there was none.
    fileprivate mutating func isDone(at now: UInt64) -> Bool { popDue(at: now) == nil }
}
