import EddyRing
import Testing

@testable import Eddy

/// Posted items are never missed.
@Suite("loop: inbox", .serialized, .timeLimit(.minutes(5)))
struct TaskInboxTests {
    @Test("A posted item keeps the loop awake until it is drained")
    func items() throws {
        let inbox = try TaskInbox()
        #expect(inbox.prepareToWait())
        inbox.finishWaiting()
        #expect(inbox.post(.work {}))
        #expect(!inbox.prepareToWait())
        #expect(inbox.drain().count == 1)
        #expect(inbox.drain().isEmpty)
        #expect(inbox.prepareToWait())
    }

    @Test("A post before the loop falls asleep keeps it awake")
    func notice() throws {
        let inbox = try TaskInbox()
        inbox.notify()
        #expect(!inbox.prepareToWait())
        #expect(inbox.drain().isEmpty)
        #expect(inbox.prepareToWait())
    }

    @Test("Posts to a sleeping loop, from any number of threads, wake it once")
    func oneWake() async throws {
        let inbox = try TaskInbox()
        #expect(inbox.prepareToWait())
        await withDiscardingTaskGroup { tasks in
            for _ in 0..<8 {
                tasks.addTask {
                    for _ in 0..<100 { #expect(inbox.post(.work {})) }
                }
            }
        }
        // The descriptor counts its signals. From here on a single thread runs, as a ring requires.
        let ring = try Ring()
        try ring.submit(inbox.wakeDescriptor.awaitSignal(token: OperationToken(kind: 1)))
        try ring.enter(waitFor: 1, deadline: nil)
        #expect(ring.nextCompletion()?.result == 8)
        #expect(inbox.wakeDescriptor.signalCount == 1)
        inbox.finishWaiting()
        #expect(inbox.drain().count == 800)
    }

    @Test("A post to a loop that is awake does not wake it")
    func awake() async throws {
        try await withLoops { group in
            let loop = group.next()
            let before = await loop.statistics().crossThreadWakeups
            let gate = Gate()
            let entered = Channel<Void>()
            async let held: Void = loop.run {
                entered.send(())
                gate.waitBlocking()
            }
            try await entered.next()
            let jobs = (0..<100).map { number in Task(executorPreference: loop) { @concurrent in number } }
            gate.open()
            await held
            for job in jobs { _ = await job.value }
            // One wake-up for the job that held the loop, and one for reading the statistics; the other posts found it
            // awake.
            #expect(await loop.statistics().crossThreadWakeups <= before + 2)
        }
    }

    @Test("A closed inbox hands out the last items and accepts no more")
    func closed() throws {
        let inbox = try TaskInbox()
        #expect(inbox.post(.work {}))
        #expect(inbox.close().count == 1)
        #expect(!inbox.post(.work {}))
        #expect(inbox.close().isEmpty)
    }
}
