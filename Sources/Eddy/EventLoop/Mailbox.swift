internal import EddyRing
internal import EddySystem
internal import Synchronization

// Other threads reach a loop by mail, and by nothing else:
//
//     another thread                         the loop
//     ──────────────                         ────────
//     lock, append, unlock                   asleep = true
//     asleep: true → false?                  mail there? asleep = false, do not wait
//         yes: signal the descriptor         wait in `enter` (the descriptor's read ends it)
//         no: the loop looks anyway          asleep = false; take all mail
//
// Both sides store first and look second, sequentially consistent, so mail is never overlooked, and however much of
// it comes while the loop sleeps, the descriptor is signalled once.

/// What other threads want of a loop.
enum Mail {
    case job(UnownedJob)
    case work(@Sendable () -> Void)
}

/// The one place where other threads meet a loop.
final class Mailbox: Sendable {
    private struct Contents: ~Copyable, @unchecked Sendable {
        var mail: [Mail] = []
        var isClosed = false
    }

    private let contents = Mutex(Contents())
    private let hasMail = Atomic<Bool>(false)
    private let asleep = Atomic<Bool>(false)
    let wakeDescriptor: WakeDescriptor

    init() throws(RingError) {
        wakeDescriptor = try WakeDescriptor()
    }

    // MARK: Any thread

    /// Leaves mail; false when the loop has ended and nobody will read it.
    func post(_ mail: sending Mail) -> Bool {
        let isOpen = contents.withLock { contents in
            if !contents.isClosed { contents.mail.append(mail) }
            return !contents.isClosed
        }
        guard isOpen else { return false }
        notify()
        return true
    }

    /// Ends the loop's sleep, or keeps it from the next one: there is something to look at.
    func notify() {
        hasMail.store(true, ordering: .sequentiallyConsistent)
        if asleep.exchange(false, ordering: .sequentiallyConsistent) { wakeDescriptor.signal() }
    }

    // MARK: The loop's thread

    /// Says that the loop is about to wait; false when there is mail and it must not.
    func fallAsleep() -> Bool {
        asleep.store(true, ordering: .sequentiallyConsistent)
        guard hasMail.load(ordering: .sequentiallyConsistent) else { return true }
        asleep.store(false, ordering: .relaxed)
        return false
    }

    func wakeUp() {
        asleep.store(false, ordering: .relaxed)
    }

    /// All the mail so far; one load when there is none.
    func collect() -> [Mail] {
        guard hasMail.load(ordering: .relaxed) else { return [] }
        // An exchange, so that what the notifying thread did before is seen from here on.
        _ = hasMail.exchange(false, ordering: .sequentiallyConsistent)
        return contents.withLock { contents in
            let mail = contents.mail
            contents.mail = []
            return mail
        }
    }

    /// Takes the last mail; from here on nothing is accepted.
    func close() -> [Mail] {
        contents.withLock { contents in
            contents.isClosed = true
            let mail = contents.mail
            contents.mail = []
            return mail
        }
    }
}
