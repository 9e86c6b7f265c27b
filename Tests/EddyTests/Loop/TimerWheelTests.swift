import EddySimulation
import EddySystem
import Testing

@testable import Eddy

/// The earliest deadline fires first; nothing fires early, or later than one tick.
@Suite("loop: timer wheel", .serialized, .timeLimit(.minutes(5)))
struct TimerWheelTests {
    private static let tick = UInt64(1) << TimerWheel.tickBits

    @Test("A timer that is not due stays, and one that is due fires once")
    func notDue() {
        let wheel = TimerWheel()
        #expect(wheel.popNumber(at: .max) == nil)
        let other = TimerWheel()
        other.schedule(1, at: 10 * Self.tick)
        other.schedule(2, at: .max)
        #expect(other.nextNanoseconds == 10 * Self.tick)
        #expect(other.popNumber(at: 10 * Self.tick - 1) == nil)
        #expect(other.popNumber(at: 10 * Self.tick) == 1)
        #expect(other.popNumber(at: .max - Self.tick) == nil)
        #expect(other.count == 1)
    }

    @Test("A deadline between two ticks fires at the second")
    func roundsUp() {
        let wheel = TimerWheel()
        wheel.schedule(1, at: 10 * Self.tick + 1)
        #expect(wheel.nextNanoseconds == 11 * Self.tick)
        #expect(wheel.popNumber(at: 10 * Self.tick + 1) == nil)
        #expect(wheel.popNumber(at: 11 * Self.tick) == 1)
    }

    @Test("The deadline of a single timer is exact, however far away", arguments: [0, 1, 7, 13, 20, 33, 47])
    func exact(bits: UInt64) {
        let wheel = TimerWheel()
        let deadline = ((1 << bits) + 5) * Self.tick
        wheel.schedule(1, at: deadline)
        #expect(wheel.nextNanoseconds == deadline)
        #expect(wheel.popNumber(at: deadline - 1) == nil)
        #expect(wheel.nextNanoseconds == deadline)
        #expect(wheel.popNumber(at: deadline) == 1)
        #expect(wheel.nextNanoseconds == nil)
    }

    @Test("A handle identifies its own timer and no later one")
    func handles() {
        let wheel = TimerWheel()
        let first = wheel.schedule(1, at: 100 * Self.tick)
        #expect(wheel.takeNumber(first) == 1)
        #expect(wheel.count == 0)
        #expect(wheel.nextNanoseconds == nil)
        let second = wheel.schedule(2, at: 100 * Self.tick)
        #expect(second.index == first.index)
        #expect(wheel.takeNumber(first) == nil)
        #expect(wheel.takeNumber(TimerID(index: .max, generation: 0)) == nil)
        #expect(wheel.popNumber(at: 100 * Self.tick) == 2)
        #expect(wheel.takeNumber(second) == nil)
    }

    @Test("A reserved timer can be started or cancelled")
    func reserved() {
        let wheel = TimerWheel()
        let first = wheel.reserve()
        let second = wheel.reserve()
        #expect(wheel.nextNanoseconds == nil)
        #expect(wheel.takeNumber(first) == nil)
        wheel.start(second, .resumeAccepting(ListenerID(index: 2)), at: .distantPast)
        #expect(wheel.popNumber(at: 0) == 2)
        #expect(wheel.count == 0)
    }

    /// Random operations, checked against a list that is searched linearly.
    @Test("The wheel behaves like a sorted list", arguments: 1...20)
    func model(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let wheel = TimerWheel()
        var model = TimerModel()
        var handles: [(handle: TimerID, number: UInt32)] = []
        for number in UInt32(0)..<4000 {
            switch Int.random(in: 0..<10, using: &generator) {
            case 0..<5:
                let deadline = model.randomDeadline(using: &generator)
                model.schedule(number, at: deadline)
                handles.append((wheel.schedule(number, at: deadline), number))
            case 5..<7:
                // The timer may have fired or been cancelled before.
                guard let (handle, number) = handles.randomElement(using: &generator) else { continue }
                let expected = model.cancel(number)
                if Bool.random(using: &generator) {
                    wheel.cancel(handle)
                } else {
                    #expect(wheel.takeNumber(handle) == expected)
                }
            default:
                model.advance(using: &generator)
                while let expected = model.popDue() { #expect(wheel.popNumber(at: model.now) == expected) }
                #expect(wheel.popNumber(at: model.now) == nil)
            }
            #expect(wheel.count == model.count)
            if let next = model.nextDeadline {
                // Possibly earlier, to move timers to a lower level; never later, and never needlessly in the past.
                #expect(wheel.nextNanoseconds! <= next)
            } else {
                #expect(wheel.nextNanoseconds == nil)
            }
        }
        model.now = .max
        while let expected = model.popDue() { #expect(wheel.popNumber(at: model.now) == expected) }
        #expect(wheel.count == 0)
    }

    @Test("A cancelled timer is no longer pending")
    func cancelled() {
        let wheel = TimerWheel()
        let first = wheel.schedule(1, at: 100 * Self.tick)
        let second = wheel.schedule(2, at: 200 * Self.tick)
        let third = wheel.reserve()
        for handle in [first, first, third, nil] { wheel.cancel(handle) }
        #expect(wheel.takeNumber(first) == nil)
        wheel.cancel(first)
        #expect(wheel.nextNanoseconds == 200 * Self.tick)
        #expect(wheel.count == 1)
        let fourth = wheel.schedule(4, at: 100 * Self.tick)
        wheel.cancel(fourth)
        #expect(wheel.popNumber(at: 100 * Self.tick) == nil)
        wheel.cancel(second)
        #expect(wheel.count == 0)
        #expect(wheel.nextNanoseconds == nil)
        #expect(wheel.entryCount == 0)
    }

    /// Most timers are cancelled or replaced before they are due, as timeouts are: lists are swept, and what remains in
    /// a list moves to a lower level.
    @Test("The wheel behaves like a sorted list when most timers are cancelled", arguments: 1...10)
    func churn(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let wheel = TimerWheel()
        var model = TimerModel()
        // Near: all in a few lists of a low level. Far: cascades.
        let spread = UInt64.random(in: 20...36, using: &generator)
        var handles: [(handle: TimerID, number: UInt32)] = []
        for number in UInt32(0)..<8000 {
            let deadline = model.now + UInt64.random(in: 0...(1 << spread), using: &generator)
            model.schedule(number, at: deadline)
            let timer = (wheel.schedule(number, at: deadline), number)
            if handles.count < 200 {
                handles.append(timer)
            } else {
                let replaced = Int.random(in: 0..<handles.count, using: &generator)
                _ = model.cancel(handles[replaced].number)
                wheel.cancel(handles[replaced].handle)
                handles[replaced] = timer
            }
            guard Int.random(in: 0..<50, using: &generator) == 0 else { continue }
            model.now += UInt64.random(in: 0...(1 << spread) / 8, using: &generator)
            while let expected = model.popDue() { #expect(wheel.popNumber(at: model.now) == expected) }
            #expect(wheel.popNumber(at: model.now) == nil)
            #expect(wheel.count == model.count)
            #expect((wheel.nextNanoseconds ?? .max) <= (model.nextDeadline ?? .max))
            #expect((wheel.nextNanoseconds == nil) == (model.count == 0))
        }
        model.now = .max
        while let expected = model.popDue() { #expect(wheel.popNumber(at: model.now) == expected) }
        #expect(wheel.count == 0)
        #expect(wheel.entryCount == 0)
    }

    @Test("Cancelled timers leave no more entries behind than there are running timers, plus a few for each list")
    func bounded() {
        let wheel = TimerWheel()
        var generator = SeededGenerator(seed: 11)
        // A minute away, as timeouts are: in four lists.
        func deadline() -> UInt64 {
            (1 << 50) + UInt64.random(in: 30_000_000_000..<90_000_000_000, using: &generator)
        }
        #expect(wheel.popNumber(at: 1 << 50) == nil)
        var handles = (0..<1000).map { wheel.schedule(UInt32($0), at: deadline()) }
        for round in 0..<100_000 {
            let index = Int.random(in: 0..<handles.count, using: &generator)
            wheel.cancel(handles[index])
            handles[index] = wheel.schedule(UInt32(round), at: deadline())
            guard round % 1000 == 0 else { continue }
            #expect(wheel.entryCount <= 2 * 1000 + 5 * (2 * TimerChunk.capacity + 1))
        }
        // One timer that stays keeps its list, and no more.
        for handle in handles.dropFirst() { wheel.cancel(handle) }
        for _ in 0..<10_000 { wheel.cancel(wheel.schedule(0, at: deadline())) }
        #expect(wheel.count == 1)
        #expect(wheel.entryCount <= 2 + 2 * TimerChunk.capacity)
    }

    @Test("A stale entry is not taken for a timer whose generation has wrapped around")
    func generations() {
        let wheel = TimerWheel()
        wheel.schedule(1, at: 100 * Self.tick)
        let old = wheel.schedule(2, at: 100 * Self.tick)
        wheel.cancel(old)
        #expect(wheel.entryCount == 2)
        // As if the slot had had all these timers.
        wheel.nodes[old].generation = .max - 1
        let last = wheel.schedule(3, at: 500 * Self.tick)
        #expect(last == TimerID(index: old.index, generation: .max - 1))
        wheel.cancel(last)
        #expect(wheel.entryCount == 1)
        let new = wheel.schedule(4, at: 500 * Self.tick)
        #expect(new == old)
        #expect(wheel.popNumber(at: 100 * Self.tick) == 1)
        #expect(wheel.popNumber(at: 100 * Self.tick) == nil)
        #expect(wheel.popNumber(at: 500 * Self.tick) == 4)
        #expect(wheel.count == 0)
    }

    @Test("Waking at each reported deadline fires every timer in time, with few idle wake-ups")
    func wakes() {
        let wheel = TimerWheel()
        var generator = SeededGenerator(seed: 7)
        let deadlines = (0..<2000).map { _ in UInt64.random(in: 0...30_000_000_000, using: &generator) }
        for (number, deadline) in deadlines.enumerated() { wheel.schedule(UInt32(number), at: deadline) }
        var (fired, wakes) = (0, 0)
        while let now = wheel.nextNanoseconds {
            wakes += 1
            while let number = wheel.popNumber(at: now) {
                #expect(deadlines[Int(number)] <= now)
                #expect(now - deadlines[Int(number)] < Self.tick)
                fired += 1
            }
        }
        #expect(fired == deadlines.count)
        #expect(wakes < 3 * deadlines.count)
    }
}

/// The simplest implementation of what a wheel must do.
private struct TimerModel {
    private var timers: [(deadline: UInt64, number: UInt32)] = []
    var now: UInt64 = 0
    /// The latest tick that was processed.
    private var tick: UInt64 = 0

    var count: Int { timers.count }
    var nextDeadline: UInt64? { timers.first.map { $0.deadline << TimerWheel.tickBits } }

    /// After the timers of the same tick.
    mutating func schedule(_ number: UInt32, at deadline: UInt64) {
        let (quotient, remainder) = deadline.quotientAndRemainder(dividingBy: 1 << TimerWheel.tickBits)
        let due = min(quotient + (remainder == 0 ? 0 : 1), UInt64.max >> TimerWheel.tickBits)
        let effective = max(due, tick)
        let index = timers.firstIndex { $0.deadline > effective } ?? timers.count
        timers.insert((effective, number), at: index)
    }

    mutating func cancel(_ number: UInt32) -> UInt32? {
        guard let index = timers.firstIndex(where: { $0.number == number }) else { return nil }
        return timers.remove(at: index).number
    }

    mutating func popDue() -> UInt32? {
        tick = max(tick, now >> TimerWheel.tickBits)
        guard let first = timers.first, first.deadline <= tick else { return nil }
        return timers.removeFirst().number
    }

    /// Past, near, far, or at the maximum.
    func randomDeadline(using generator: inout SeededGenerator) -> UInt64 {
        switch Int.random(in: 0..<20, using: &generator) {
        case 0: return UInt64.max
        case 1: return now / 2
        default:
            let distance = UInt64.random(in: 0...(1 << UInt64.random(in: 1...45, using: &generator)), using: &generator)
            return now + distance
        }
    }

    /// A little, a lot, or not at all.
    mutating func advance(using generator: inout SeededGenerator) {
        now += UInt64.random(in: 0...(1 << UInt64.random(in: 0...40, using: &generator)), using: &generator)
    }
}

extension TimerWheel {
    @discardableResult
    fileprivate func schedule(_ number: UInt32, at deadline: UInt64) -> TimerID {
        schedule(.resumeAccepting(ListenerID(index: Int(number))), at: Instant(nanoseconds: deadline))
    }

    fileprivate func popNumber(at now: UInt64) -> UInt32? { popDue(at: Instant(nanoseconds: now)).flatMap(\.number) }

    fileprivate var nextNanoseconds: UInt64? { nextDeadline?.nanoseconds }

    fileprivate func takeNumber(_ handle: TimerID) -> UInt32? { take(handle).flatMap(\.number) }
}

extension TimerEvent {
    fileprivate var number: UInt32? {
        if case .resumeAccepting(let listener) = self { UInt32(listener.index) } else { nil }
    }
}
