import Testing

@testable import Eddy

/// Mail is never overlooked.
@Suite("loop: mailbox")
struct MailboxTests {
    @Test("Mail keeps the loop awake until it is collected")
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

    @Test("A notice that comes before the loop falls asleep keeps it awake")
    func notice() throws {
        let mailbox = try Mailbox()
        mailbox.notify()
        #expect(!mailbox.fallAsleep())
        #expect(mailbox.collect().isEmpty)
        #expect(mailbox.fallAsleep())
    }

    @Test("A closed mailbox hands out the last mail and takes no more")
    func closed() throws {
        let mailbox = try Mailbox()
        #expect(mailbox.post(.work {}))
        #expect(mailbox.close().count == 1)
        #expect(!mailbox.post(.work {}))
        #expect(mailbox.close().isEmpty)
    }
}
