import EddyBuffers
import Testing

@testable import Eddy

/// Every state × every event.
@Suite("connection core: send side")
final class SendSideTests {
    private let pool = BufferPool()
    private let store = SliceStore()

    /// A send side with the given number of slices of three bytes queued.
    private func side(slices: Int = 0) -> SendSide {
        var side = SendSide()
        for _ in 0..<slices { store.append(Buffer.allocUnsafeSlow(3).relinquish(), to: &side.queue) }
        return side
    }

    /// Gives back what a send side has queued.
    private func drop(_ side: SendSide) {
        var side = side
        store.removeAll(of: &side.queue)
    }

    @Test("A connection is scheduled once, and not while a send is in flight", arguments: SendSide.Kind.allCases)
    func scheduling(kind: SendSide.Kind) {
        var side = side(slices: 2)
        expectTrue(!side.unschedule())
        expectTrue(side.schedule() && !side.schedule())
        expectTrue(side.operation == .scheduled && !side.isInFlight && side.flight == nil)
        expectTrue(side.unschedule() && !side.unschedule())
        side.begin(kind, slices: 2, bytes: 6)
        expectTrue(!side.schedule() && !side.unschedule())
        expectTrue(side.flight == SendSide.Flight(kind: kind, slices: 2, bytes: 6))
        expectTrue(side.complete() == SendSide.Flight(kind: kind, slices: 2, bytes: 6))
        expectTrue(side.operation == .none)
        drop(side)
    }

    @Test("A send is cancelled once, and an inline one never", arguments: SendSide.Kind.allCases)
    func cancelling(kind: SendSide.Kind) {
        var side = side(slices: 1)
        expectTrue(side.cancel() == nil)
        expectTrue(side.schedule() && side.cancel() == nil && side.unschedule())
        side.begin(kind, slices: 1, bytes: 3)
        let cancelled = side.cancel()
        expectTrue((cancelled == nil) == (kind == .inline))
        expectTrue(cancelled?.isCancelled ?? true)
        expectTrue(side.cancel() == nil)
        expectTrue(side.complete().isCancelled == (kind != .inline))
        drop(side)
    }

    @Test("Only ordinary sends count down to the next inline one", arguments: SendSide.Kind.allCases)
    func backoff(kind: SendSide.Kind) {
        var side = side(slices: 1)
        side.inlineBackoff = 2
        for expected in (kind == .ordinary ? [1, 0, 0] : [2, 2, 2]) as [UInt8] {
            side.begin(kind, slices: 1, bytes: 3)
            expectTrue(side.inlineBackoff == expected)
            _ = side.complete()
        }
        drop(side)
    }

    @Test("What is in flight does not grow")
    func merging() {
        var side = side(slices: 2)
        expectTrue(side.mayMerge)
        side.begin(.ordinary, slices: 1, bytes: 3)
        expectTrue(side.mayMerge)
        _ = side.complete()
        side.begin(.ordinary, slices: 2, bytes: 6)
        expectTrue(!side.mayMerge)
        _ = side.complete()
        drop(side)
        expectTrue(!SendSide().mayMerge)
    }

    @Test("FIN follows what is queued and in flight, once")
    func ends() {
        var side = side(slices: 1)
        expectTrue(!side.isEndDue)
        expectTrue(side.end() && !side.end())
        expectTrue(side.output == .finPending && !side.isEndDue)
        side.begin(.ordinary, slices: 1, bytes: 3)
        expectTrue(!side.isEndDue)
        _ = side.complete()
        expectTrue(!side.isEndDue)
        store.removeAll(of: &side.queue)
        expectTrue(side.isEndDue)
        side.sentEnd()
        expectTrue(side.output == .finSent && !side.isEndDue && !side.end())
    }

    @Test("A writer is taken out once")
    func writers() {
        var side = SendSide()
        expectNoWriter(&side)
        side.suspend(.placeholder(9))
        expectTrue(side.hasWriter && !side.writesByCallback)
        guard case .task(let waiter) = side.takeWriter() else {
            Issue.record("no task")
            return
        }
        #expect(waiter.number == 9)
        expectNoWriter(&side)
        for _ in 0..<2 { side.notifyCallback() }
        expectTrue(side.hasWriter && side.writesByCallback)
        guard case .callback = side.takeWriter() else {
            Issue.record("no object")
            return
        }
        expectNoWriter(&side)
    }

    private func expectNoWriter(_ side: inout SendSide, sourceLocation: SourceLocation = #_sourceLocation) {
        guard !side.hasWriter, case .none = side.takeWriter() else {
            Issue.record("a writer waits", sourceLocation: sourceLocation)
            return
        }
    }

    @Test("A transition that must not happen asserts")
    func impossible() async {
        await #expect(processExitsWith: .failure) {
            var side = SendSide()
            side.begin(.inline, slices: 1, bytes: 1)
        }
        await #expect(processExitsWith: .failure) {
            var side = SendSide()
            _ = side.complete()
        }
        await #expect(processExitsWith: .failure) {
            var side = SendSide()
            _ = side.end()
            side.sentEnd()
            side.sentEnd()
        }
        await #expect(processExitsWith: .failure) {
            var side = SendSide()
            side.suspend(.placeholder())
            side.suspend(.placeholder())
        }
    }
}
