import EddyRing
import EddySystem
import Glibc
import Testing

/// Cancelling, tested on every engine. The tests of the other operations also cancel.
@Suite("contract: cancel", .timeLimit(.minutes(5)))
struct CancelContractTests {
    @Test("Both a cancelled operation and the cancellation complete", arguments: TestedEngine.all)
    func cancelling(engine: TestedEngine) throws {
        let world = try World(engine)
        let ring = world.ring
        let wake = try WakeDescriptor()
        try ring.submit(wake.awaitSignal(token: token(1)))
        try ring.enter(waitFor: 0, deadline: nil)
        #expect(ring.nextCompletion() == nil)
        try ring.submit(.cancel(token(1), token: token(2)))
        let completions = try ring.completions(2).sorted { $0.token.index < $1.token.index }
        #expect(completions.map(\.token.index) == [1, 2])
        #expect(completions.first?.error == .cancelled)
        #expect(completions.last?.result == 0)
        // No operation is left to cancel.
        try ring.submit(.cancel(token(1), token: token(3)))
        #expect(try ring.completions(1).first?.error == SystemError(ENOENT))
    }

    @Test("Cancelling one of many operations leaves the others running", arguments: TestedEngine.all)
    func oneAmongMany(engine: TestedEngine) throws {
        let world = try World(engine, submissionEntries: 512, completionEntries: 1024)
        let ring = world.ring
        let wakes = try (0..<300).map { _ in try WakeDescriptor() }
        for (index, wake) in wakes.enumerated() { try ring.submit(wake.awaitSignal(token: token(index))) }
        for index in stride(from: 0, to: 300, by: 3) {
            try ring.submit(.cancel(token(index), token: OperationToken(kind: 2, index: UInt32(index))))
        }
        let completions = try ring.completions(200)
        #expect(completions.filter { $0.token.kind == 2 }.allSatisfy { $0.result == 0 })
        #expect(completions.filter { $0.token.kind == 1 }.allSatisfy { $0.error == .cancelled })
        #expect(completions.allSatisfy { $0.token.index % 3 == 0 })
        for wake in wakes { wake.signal() }
        let rest = try ring.completions(200)
        #expect(rest.allSatisfy { $0.result == 8 && $0.token.index % 3 != 0 })
        #expect(Set(rest.map(\.token.index)).count == 200)
        #expect(try ring.cancelAll().isEmpty)
    }

    @Test("Cancelling everything cancels any number of operations", arguments: TestedEngine.all)
    func everything(engine: TestedEngine) throws {
        let world = try World(engine)
        let ring = world.ring
        let wakes = try (0..<200).map { _ in try WakeDescriptor() }
        for (index, wake) in wakes.enumerated() { try ring.submit(wake.awaitSignal(token: token(index))) }
        let last = try ring.cancelAll()
        #expect(last.count == 200)
        #expect(last.allSatisfy { $0.error == .cancelled && $0.isLast })
        #expect(Set(last.map(\.token.index)).count == 200)
        #expect(try ring.cancelAll().isEmpty)
    }
}
