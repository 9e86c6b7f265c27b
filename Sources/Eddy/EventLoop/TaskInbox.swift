internal import EddyRing
internal import EddySystem
internal import Synchronization

// Other threads communicate with a loop through its inbox only:
//
//     another thread                         the loop
//     ──────────────                         ────────
//     lock, append, unlock                   waiting = true
//     waiting: true → false?                 items present? waiting = false, do not wait
//         yes: signal the descriptor         wait in `enter` (the descriptor's read ends it)
//         no: the loop drains it anyway      waiting = false; drain the inbox
//
// Both sides store before they load, sequentially consistent, so no item is missed. The descriptor is signalled once,
// regardless of the number of items that arrive while the loop waits.

/// A queue of jobs and closures that other threads submit to a loop.
final class TaskInbox: Sendable {
    enum Item {
        case job(UnownedJob)
        case work(@Sendable () -> Void)
    }

    private struct Contents: ~Copyable, @unchecked Sendable {
        var items: [Item] = []
        var isClosed = false
    }

    private let contents = Mutex(Contents())
    private let isNotified = Atomic<Bool>(false)
    private let isWaiting = Atomic<Bool>(false)
    let wakeDescriptor: WakeDescriptor

    init() throws(RingError) {
        wakeDescriptor = try WakeDescriptor()
    }

    // MARK: Any thread

    /// Appends an item; returns false when the loop has ended and will not process it.
    func post(_ item: sending Item) -> Bool {
        let isOpen = contents.withLock { contents in
            if !contents.isClosed { contents.items.append(item) }
            return !contents.isClosed
        }
        guard isOpen else { return false }
        notify()
        return true
    }

    /// Ends the loop's wait, or prevents the next one.
    func notify() {
        isNotified.store(true, ordering: .sequentiallyConsistent)
        if isWaiting.exchange(false, ordering: .sequentiallyConsistent) { wakeDescriptor.signal() }
    }

    // MARK: The loop's thread

    /// Announces that the loop is about to wait; returns false when it must not, because it was notified.
    func prepareToWait() -> Bool {
        isWaiting.store(true, ordering: .sequentiallyConsistent)
        guard isNotified.load(ordering: .sequentiallyConsistent) else { return true }
        isWaiting.store(false, ordering: .relaxed)
        return false
    }

    func finishWaiting() {
        isWaiting.store(false, ordering: .relaxed)
    }

    /// Removes all items; costs one load when there are none.
    func drain() -> [Item] {
        guard isNotified.load(ordering: .relaxed) else { return [] }
        // An exchange, so that earlier writes of the notifying thread are visible from here on.
        _ = isNotified.exchange(false, ordering: .sequentiallyConsistent)
        return contents.withLock { contents in
            let items = contents.items
            contents.items = []
            return items
        }
    }

    /// Removes the last items; later ones are rejected.
    func close() -> [Item] {
        contents.withLock { contents in
            contents.isClosed = true
            let items = contents.items
            contents.items = []
            return items
        }
    }
}
