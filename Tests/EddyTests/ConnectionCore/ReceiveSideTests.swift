import Testing

@testable import Eddy

/// Every state × every event.
@Suite("connection core: receive side")
struct ReceiveSideTests {
    typealias Side = ReceiveSide

    /// The parts of a receive side that exclude each other within, and not among each other.
    struct State: Equatable, CustomStringConvertible {
        var operation: Side.Operation
        var parking: Side.Parking
        var input: Side.Input
        var interruption: Side.Interruption

        init(_ side: Side) {
            (operation, parking, input, interruption) = (side.operation, side.parking, side.input, side.interruption)
        }

        var description: String { "\(operation) \(parking) \(input) \(interruption)" }
    }

    /// All receive sides without bytes and readers that can be reached.
    static var sides: [Side] {
        var sides: [Side] = []
        for size in Side.ChunkSize.allCases {
            for step in 0..<3 {
                for parking in Side.Parking.allCases {
                    for input in Side.Input.allCases {
                        for interruption in Side.Interruption.allCases {
                            var side = Side()
                            if step > 0 { side.arm(size) }
                            if step > 1 { _ = side.cancel() }
                            if parking != .none { side.park(parking) }
                            if input == .discarding { side.discard() }
                            if input == .ended { side.receivedEnd() }
                            if interruption == .timedOut { side.timeOut() }
                            if interruption == .cancelled { side.interrupt() }
                            sides.append(side)
                        }
                    }
                }
            }
        }
        return sides
    }

    @Test("A receive is armed only when none is in flight, parked, ended or cancelled")
    func arming() {
        for side in Self.sides {
            let expected =
                side.operation == .none && side.parking == .none && side.input != .ended
                && side.interruption != .cancelled
            expectTrue(side.mayArm == expected, "\(State(side))")
            guard expected else { continue }
            for size in Side.ChunkSize.allCases {
                var armed = side
                armed.arm(size)
                var after = State(side)
                after.operation = .armed(size)
                expectTrue(State(armed) == after)
                expectTrue(armed.hints.contains(.pollFirst))
                expectTrue(armed.isArmed)
            }
        }
    }

    @Test("A receive is cancelled once, and completes with the chunks that it fills")
    func cancelling() {
        for side in Self.sides {
            var cancelled = side
            var after = State(side)
            switch side.operation {
            case .armed(let size):
                expectTrue(cancelled.cancel())
                after.operation = .cancelling(size)
            case .cancelling, .none: expectTrue(!cancelled.cancel())
            }
            expectTrue(State(cancelled) == after)
            guard side.isArmed else { continue }
            var completed = side
            let size = completed.complete()
            expectTrue(side.operation == .armed(size) || side.operation == .cancelling(size))
            after.operation = .none
            expectTrue(State(completed) == after)
        }
    }

    @Test("A connection leaves the queue that it is parked in, and no other", arguments: Side.Parking.allCases)
    func parking(left: Side.Parking) {
        for side in Self.sides where left != .none {
            var unparked = side
            var after = State(side)
            expectTrue(unparked.unpark(left) == (side.parking == left))
            if side.parking == left { after.parking = .none }
            expectTrue(State(unparked) == after)
        }
    }

    @Test("The peer's end is final, and reading that has ended stays so")
    func ends() {
        for side in Self.sides {
            var (ended, discarding) = (side, side)
            var after = State(side)
            ended.receivedEnd()
            after.input = .ended
            expectTrue(State(ended) == after)
            discarding.discard()
            after.input = side.input == .open ? .discarding : side.input
            expectTrue(State(discarding) == after)
            expectTrue(discarding.isOver && ended.isOver && discarding.endsWait)
        }
    }

    @Test("A cancellation outranks a timeout, and each is cleared by itself")
    func interruptions() {
        for side in Self.sides {
            let expected: [(event: String, Side.Interruption, (inout Side) -> Void)] = [
                ("timeOut", side.interruption == .none ? .timedOut : side.interruption, { $0.timeOut() }),
                ("interrupt", .cancelled, { $0.interrupt() }),
                ("clearTimeout", side.interruption == .timedOut ? .none : side.interruption, { $0.clearTimeout() }),
                (
                    "clearCancellation", side.interruption == .cancelled ? .none : side.interruption,
                    { $0.clearCancellation() }
                ),
            ]
            for (event, interruption, apply) in expected {
                var changed = side
                apply(&changed)
                var after = State(side)
                after.interruption = interruption
                expectTrue(State(changed) == after, "\(event) of \(State(side))")
                expectTrue(changed.endsWait == (interruption != .none || side.input != .open))
            }
        }
    }

    @Test("A reader is taken out once, whether it waits for bytes or for its turn")
    func readers() {
        var side = Side()
        expectTrue(!side.hasReader)
        expectNone(side.resumeReader())
        side.suspend(.placeholder(7))
        expectTrue(side.hasReader && !side.awaitsTurn)
        side.awaitTurn()
        expectTrue(side.hasReader && side.awaitsTurn)
        guard case .task(let waiter) = side.resumeReader() else {
            Issue.record("no task")
            return
        }
        #expect(waiter.number == 7)
        expectTrue(!side.hasReader && !side.awaitsTurn)
        expectNone(side.resumeReader())
    }

    @Test("An object stays, and is queued once for each call")
    func callbacks() {
        var side = Side()
        side.removeCallback()
        expectTrue(side.beginCall() == nil && side.callback == nil && !side.isReady)
        let callback = CallbackID(index: 3)
        side.install(callback)
        expectTrue(side.hasReader && side.callback == callback && side.beginCall() == nil)
        for _ in 0..<2 {
            guard case .callback = side.resumeReader() else {
                Issue.record("not queued")
                return
            }
            expectNone(side.resumeReader())
            expectTrue(side.hasReader && side.callback == callback && side.isReady)
            expectTrue(side.beginCall() == callback && side.beginCall() == nil)
        }
        side.removeCallback()
        expectTrue(!side.hasReader && side.callback == nil)
        side.install(callback)
        _ = side.resumeReader()
        side.removeCallback()
        expectTrue(!side.hasReader && side.beginCall() == nil)
        expectNone(side.resumeReader())
    }

    private func expectNone(_ resumption: Side.Resumption, sourceLocation: SourceLocation = #_sourceLocation) {
        guard case .none = resumption else {
            Issue.record("\(resumption)", sourceLocation: sourceLocation)
            return
        }
    }

    @Test("Memory is lacked while parked for buffers, or queued for a message that is not being received")
    func lackOfMemory() {
        for var side in Self.sides {
            expectTrue(side.lacksMemory == (side.parking == .forBuffers))
            side.isQueuedForMessage = true
            expectTrue(side.lacksMemory == (side.parking == .forBuffers || !side.isArmed))
        }
    }

    @Test("A transition that must not happen asserts")
    func impossible() async {
        await #expect(processExitsWith: .failure) {
            var side = ReceiveSide()
            side.arm(.small)
            side.arm(.small)
        }
        await #expect(processExitsWith: .failure) {
            var side = ReceiveSide()
            side.receivedEnd()
            side.arm(.large)
        }
        await #expect(processExitsWith: .failure) {
            var side = ReceiveSide()
            _ = side.complete()
        }
        await #expect(processExitsWith: .failure) {
            var side = ReceiveSide()
            side.park(.forTurn)
            side.park(.forBuffers)
        }
        await #expect(processExitsWith: .failure) {
            var side = ReceiveSide()
            side.awaitTurn()
        }
    }
}
