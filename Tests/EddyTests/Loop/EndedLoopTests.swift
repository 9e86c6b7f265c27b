import EddyBuffers
import Glibc
import Testing

@testable import Eddy

/// A loop that has ended belongs to no thread, even if a new thread gets the identity of the loop's thread.
@Suite("loop: after shutdown", .serialized, .timeLimit(.minutes(5)))
struct EndedLoopTests {
    /// Ends a loop, and runs `body` on a thread with the identity of the loop's thread. Only in a process that does
    /// nothing else: there the system gives a new thread the stack of the one that ended.
    private static func onThreadLikeThat(_ body: @escaping @Sendable (EventLoop) -> Void) async throws {
        let group = try EventLoopGroup(count: 1)
        let loop = group.next()
        let identity = await loop.run { ThreadIdentity.current.rawValue }
        await group.shutDown()
        let done = Gate()
        var threads: [SystemThread] = []
        for _ in 0..<1000 where !done.isOpen {
            // The threads stay until the end, so that each has another identity.
            let (thread, isAlike) = try SystemThread.start(
                name: "alike",
                make: { ThreadIdentity.current.rawValue == identity },
                run: { isAlike in
                    if isAlike {
                        body(loop)
                        done.open()
                    } else {
                        done.waitBlocking()
                    }
                }
            )
            if isAlike { thread.join() } else { threads.append(thread) }
        }
        precondition(done.isOpen, "no thread got the identity of the loop's thread")
        for thread in threads { thread.join() }
    }

    @Test("An ended loop is not current on any thread")
    func isCurrent() async {
        await #expect(processExitsWith: .success) {
            try await Self.onThreadLikeThat { loop in
                precondition(!loop.isCurrent)
                precondition(EventLoop.current == nil)
            }
        }
    }

    @Test("Work for an ended loop traps instead of waiting for ever")
    func work() async {
        expectTrap(
            await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
                try await Self.onThreadLikeThat { loop in Task(executorPreference: loop) {} }
            },
            saying: "a task prefers an event loop that has ended"
        )
    }

    @Test("The values of an ended loop cannot be used")
    func values() async {
        expectTrap(
            await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
                try await Self.onThreadLikeThat { loop in _ = loop.local }
            },
            saying: "not after the loop has ended"
        )
    }

    @Test("A loop that waits for its own end traps, even while another thread waits for it")
    func ownEnd() async {
        expectTrap(
            await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
                let group = try EventLoopGroup(count: 1)
                let loop = group.next()
                let busy = Gate()
                let task = Task(executorPreference: loop) {
                    busy.open()
                    // Gives the other shutdown time to take the lock of the group.
                    usleep(200_000)
                    group.shutDown()
                }
                await busy.wait()
                try await blocking { group.shutDown() }
                await task.value
            },
            saying: "an event loop cannot wait for its own end"
        )
    }
}
