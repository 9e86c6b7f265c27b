import EddyBuffers
import Testing

@testable import Eddy

/// Transitions of more than one part: every phase × every failure × every event.
@Suite("connection core: state")
final class ConnectionStateTests {
    typealias Phase = Lifecycle.Phase
    typealias Effects = ConnectionEffects

    private static let phases = Phase.allCases.filter { $0 != .vacant }
    private let store = SliceStore()

    /// How far a connection has failed.
    enum Failing: CaseIterable {
        case not, sending, both
    }

    private func state(_ phase: Phase, _ failing: Failing = .not) -> ConnectionState {
        var state = ConnectionState()
        state.lifecycle = Lifecycle(phase)
        if failing == .sending { state.lifecycle.failSending(32) }
        if failing == .both { state.lifecycle.fail(32) }
        return state
    }

    private func forEachState(_ body: (Phase, Failing, ConnectionState) -> Void) {
        for phase in Self.phases {
            for failing in Failing.allCases { body(phase, failing, state(phase, failing)) }
        }
    }

    @Test("A failure is told once to all that wait, and closes an open connection with a reset")
    func fail() {
        forEachState { phase, failing, before in
            var state = before
            var expected: Effects = [.failConnector, .resumeReader, .resumeWriter]
            if phase == .open { expected.insert(.closeDescriptor) }
            expectTrue(state.fail(104) == (failing == .both ? [] : expected), "\(phase) \(failing)")
            expectTrue(state.lifecycle.failure == .both(failing == .not ? 104 : 32))
            let breaks = phase == .open && failing != .both
            expectTrue(state.lifecycle.phase == (breaks ? .broken : phase))
            expectTrue(state.lifecycle.ending == (breaks ? .reset : .graceful))
            expectTrue(state.fail(5) == [])
        }
    }

    @Test("A failure makes a reset of a close that has not sent everything")
    func failWithQueue() {
        var state = state(.closing)
        store.append(Buffer.allocUnsafeSlow(1).relinquish(), to: &state.sending.queue)
        _ = state.fail(104)
        expectTrue(state.lifecycle.ending == .reset)
        store.removeAll(of: &state.sending.queue)
    }

    @Test("A failed send lets an open connection receive what came before, and breaks every other")
    func failSending() {
        forEachState { phase, failing, before in
            var state = before
            let effects = state.failSending(32)
            switch (phase, failing) {
            case (_, .sending), (_, .both): expectTrue(effects == [])
            case (.open, .not):
                expectTrue(effects == [.resumeWriter, .callBack, .cancelReceive, .armReceive, .dropQueued])
                expectTrue(state.lifecycle.phase == .open && state.lifecycle.isReceivingLast)
            default:
                expectTrue(effects == [.failConnector, .resumeReader, .resumeWriter], "\(phase)")
                expectTrue(state.lifecycle.hasFailed)
            }
        }
        for prepare: (inout ConnectionState) -> Void in [
            { $0.receiving.receivedEnd() }, { $0.receiving.discard() }, { $0.receiving.interrupt() },
        ] {
            var state = state(.open)
            prepare(&state)
            expectTrue(state.failSending(32).contains(.closeDescriptor))
            expectTrue(state.lifecycle.phase == .broken)
        }
    }

    @Test("A send in flight keeps its bytes when sending has failed")
    func failSendingInFlight() {
        var state = state(.open)
        store.append(Buffer.allocUnsafeSlow(1).relinquish(), to: &state.sending.queue)
        state.sending.begin(.ordinary, slices: 1, bytes: 1)
        expectTrue(!state.failSending(32).contains(.dropQueued))
        store.removeAll(of: &state.sending.queue)
    }

    @Test("The end of the stream ends a read; after a failed send it is none")
    func receivedEnd() {
        forEachState { phase, failing, before in
            var state = before
            let effects = state.receivedEnd()
            if failing == .not {
                expectTrue(effects == .resumeReader)
                expectTrue(state.receiving.input == .ended)
            } else {
                expectTrue(state.receiving.input == .open && state.lifecycle.hasFailed)
            }
        }
    }

    @Test("An owner that is gone leaves a close; what could not be sent makes it a reset", arguments: Failing.allCases)
    func beginClosing(failing: Failing) {
        for phase in [Phase.open, .broken, .released] {
            var state = state(phase, failing)
            state.receiving.interrupt()
            expectTrue(state.beginClosing() == [.resumeReader, .resumeWriter, .dropReceived])
            expectTrue(state.lifecycle.phase == .closing)
            expectTrue(state.receiving.interruption == .none)
            expectTrue(state.lifecycle.ending == (failing == .not ? .graceful : .reset))
            expectTrue(state.lifecycle.hasFailed == (failing != .not))
        }
    }

    @Test("A cancelled task is resumed on the sides that it uses; its relay is reset")
    func cancel() {
        for sides in [ConnectionSides.reading, .writing, .both] {
            forEachState { phase, _, before in
                var state = before
                let effects = state.cancel(sides)
                guard phase == .open || phase == .detaching else { return expectTrue(effects == [], "\(phase)") }
                expectTrue(effects.contains(.cancelReceive) == sides.contains(.reading))
                expectTrue(effects.contains(.resumeReader) == sides.contains(.reading))
                expectTrue(effects.contains(.resumeWriter) == sides.contains(.writing))
                expectTrue((state.receiving.interruption == .cancelled) == sides.contains(.reading))
                expectTrue(state.sending.isCancelled == sides.contains(.writing))
                expectTrue(state.isCancelled)
                state.clearCancellation()
                expectTrue(!state.isCancelled)
            }
        }
        var relayed = state(.open)
        relayed.receiving.install(CallbackID(index: 1))
        expectTrue(relayed.cancel(.reading).isSuperset(of: [.resumeReader, .closeDescriptor]))
        expectTrue(relayed.lifecycle.failure == .both(ConnectionError.cancelledCode))
    }

    @Test("A server that shuts down ends reads of idle connections, and no message that is under way")
    func draining() {
        for holdsBytes in [true, false] {
            for isUnanswered in [true, false] {
                for isUsedConcurrently in [true, false] {
                    var state = state(.open)
                    state.drain.isUnanswered = isUnanswered
                    state.drain.isUsedConcurrently = isUsedConcurrently
                    let isIdle = !holdsBytes && !isUnanswered && !isUsedConcurrently
                    expectTrue(state.beginDraining(holdsBytes: holdsBytes) == (isIdle ? .resumeReader : []))
                    expectTrue(state.drain.isDraining)
                    expectTrue(state.isReadable == isIdle && state.hasStoppedReceiving == isIdle)
                }
            }
        }
        for phase in Self.phases where phase != .open {
            var state = state(phase)
            expectTrue(
                state.beginDraining(holdsBytes: false) == (phase == .closing ? .continueClosing : []),
                "\(phase)"
            )
        }
    }

    @Test("An operation that ends continues what its connection is on its way to")
    func continueEnding() {
        for phase in Self.phases {
            for operations in [0, 1] as [UInt8] {
                var state = state(phase)
                state.operations = operations
                let expected: Effects =
                    switch phase {
                    case .closing: .continueClosing
                    case .broken: .closeDescriptor
                    case .detaching where operations == 0: .resumeReader
                    default: []
                    }
                expectTrue(state.continueEnding() == expected, "\(phase) \(operations)")
            }
        }
    }

    @Test("FIN is sent when it is due, unless nothing can be sent", arguments: Failing.allCases)
    func endSending(failing: Failing) {
        var state = state(.open, failing)
        expectTrue(state.endSendingIfDue() == [])
        _ = state.sending.end()
        let expected: Effects = [.shutDownWriting, .resumeWriter, .callBack]
        expectTrue(state.endSendingIfDue() == (failing == .not ? expected : []))
        expectTrue(state.endSendingIfDue() == [])
    }

    @Test("A close takes the step that its ending calls for", arguments: Lifecycle.Ending.allCases, [true, false])
    func closingSteps(ending: Lifecycle.Ending, isDraining: Bool) {
        for phase in Self.phases where phase != .closing {
            var state = state(phase)
            expectTrue(state.closingStep() == .none)
        }
        var state = state(.closing)
        state.lifecycle.end(ending)
        state.drain.isDraining = isDraining
        store.append(Buffer.allocUnsafeSlow(1).relinquish(), to: &state.sending.queue)
        expectTrue(state.closingStep() == (ending == .reset ? .finish : .wait))
        store.removeAll(of: &state.sending.queue)
        switch ending {
        case .graceful:
            expectTrue(state.closingStep() == .awaitPeer(sendsEnd: true, awaitsDelivery: isDraining))
            expectTrue(state.closingStep() == .awaitPeer(sendsEnd: false, awaitsDelivery: false))
            state.receiving.receivedEnd()
        case .resetAfterFlush:
            expectTrue(state.closingStep() == .awaitDelivery)
            expectTrue(state.closingStep() == .wait)
            state.lifecycle.delivered()
        case .reset: break
        }
        expectTrue(state.closingStep() == .finish)
    }

    @Test("The end of a transformed stream is not FIN: a close waits for it as long as a receive does")
    func closingBeforeFIN() {
        var state = state(.closing)
        state.receiving.arm(.small)
        state.receiving.receivedEnd()
        expectTrue(state.closingStep() == .awaitPeer(sendsEnd: true, awaitsDelivery: false))
        _ = state.receiving.complete()
        expectTrue(state.closingStep() == .finish)
    }

    @Test("A connection that has failed, or that everything was delivered of, is closed")
    func closingAfterFailure() {
        for failing in Failing.allCases where failing != .sending {
            var state = state(.closing, failing)
            if failing == .not { state.lifecycle.delivered() }
            expectTrue(state.closingStep() == .finish)
        }
    }

    @Test("A second reader traps, and so does a reader of a relayed connection")
    func readers() async {
        await #expect(processExitsWith: .failure) {
            var state = ConnectionState()
            state.suspendReader(.placeholder())
            state.suspendReader(.placeholder())
        }
        await #expect(processExitsWith: .failure) {
            var state = ConnectionState()
            state.receiving.install(CallbackID(index: 1))
            state.suspendReader(.placeholder())
        }
    }
}
