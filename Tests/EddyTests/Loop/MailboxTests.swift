import EddyRing
import Testing

@testable import Eddy

/// Posted items are never missed.
@Suite("loop: mailbox", .serialized, .timeLimit(.minutes(5)))
struct MailboxTests {
    @Test("A posted item keeps the loop awake until it is collected")
    func mail() throws {
        let mailbox = try Mailbox()
        #expect(mailbox.fallAsleep())
        mailbox.wakeUp()
        #expect(mailbox.post(.work {}))
        #expect(!mailbox.fallAsleep())
        #expect(mailbox.collect().count == 1)
        #expect(mailbox.collect().isEmpty)
        #expect(mailbox.fallAsleep())
    }

    @Test("A post before the loop falls asleep keeps it awake")
    func notice() throws {
        let mailbox = try Mailbox()
        mailbox.notify()
        #expect(!mailbox.fallAsleep())
        #expect(mailbox.collect().isEmpty)
        #expect(mailbox.fallAsleep())
    }

    @Test("Posts to a sleeping loop, from any number of threads, wake it once")
    func oneWake() async throws {
        let mailbox = try Mailbox()
        #expect(mailbox.fallAsleep())
        await withDiscardingTaskGroup { tasks in
            for _ in 0..<8 {
                tasks.addTask {
                    for _ in 0..<100 { #expect(mailbox.post(.work {})) }
                }
            }
        }
        // The descriptor counts its signals. From here on a single thread runs, as a ring requires.
        let ring = try Ring()
        try ring.submit(mailbox.wakeDescriptor.awaitSignal(token: OperationToken(kind: 1)))
        try ring.enter(waitFor: 1, deadline: nil)
        #expect(ring.nextCompletion()?.result == 8)
        #expect(mailbox.wakeDescriptor.signalCount == 1)
        mailbox.wakeUp()
        #expect(mailbox.collect().count == 800)
    }

    @Test("A post to a loop that is awake does not wake it")
    func awake() async throws {
        try await withLoops { group in
            let loop = group.next()
            let before = await loop.statistics().mailWakes
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
            #expect(await loop.statistics().mailWakes <= before + 2)
        }
    }

    @Test("A closed mailbox hands out the last items and accepts no more")
    func closed() throws {
        let mailbox = try Mailbox()
        #expect(mailbox.post(.work {}))
        #expect(mailbox.close().count == 1)
        #expect(!mailbox.post(.work {}))
        #expect(mailbox.close().isEmpty)
    }
}
