internal import Synchronization

// How a reference is returned from another thread:
//
//     another thread                              the owner
//     ──────────────                              ─────────
//     returnedRemotely += 1          (release)    take the whole list with one exchange   (acquire)
//     queued: false → true?  no: done             for each chunk on it:
//                  yes: push the chunk                read its link, then queued = false
//     attention set? wake the owner                   references -= exchange(returnedRemotely, 0)
//
// The owner clears `queued` before it reads the count. A return in between finds `queued` clear and queues the chunk
// again: the owner then finds a count of zero, which is harmless. No return is ever missed.

/// The chunks that other threads have returned references to, waiting for the pool's owner.
///
/// A Treiber stack: any thread pushes, and only the owner pops, always the whole stack, so there is no ABA problem.
@usableFromInline
struct ReturnInbox: ~Copyable {
    /// The address of the newest chunk, or 0.
    private let newest = Atomic<UInt>(0)
    /// What a returning thread must do after pushing.
    private let attention = Atomic<UInt8>(Attention.none)

    private enum Attention {
        static let none: UInt8 = 0
        /// The owner waits for memory: wake it.
        static let wake: UInt8 = 1
        /// The pool has no owner any more: drain the inbox here.
        static let closed: UInt8 = 2
    }

    /// Drops one reference on a thread that does not own the pool, or after the pool was closed.
    @usableFromInline
    @inline(never)
    static func returnFromAnotherThread(_ state: UnsafeMutablePointer<ChunkState>, byteCount: UInt32) {
        // The pool may be freed the moment that the last reference is counted. So this call keeps it alive until its
        // end, and with it the state. Until here the reference that is being returned keeps it alive.
        let pool = unsafe state.pointee.pool.takeUnretainedValue()
        _ = unsafe state.pointee.returnedRemotely.wrappingAdd(ChunkState.share(of: byteCount), ordering: .releasing)
        if unsafe !state.pointee.queued.exchange(true, ordering: .acquiringAndReleasing) {
            unsafe pool.inbox.pointee.push(state)
        }
        // Sequentially consistent with `announceWaiting`: either this load sees the owner's announcement, or the owner,
        // which checks the inbox after its announcement, sees the push.
        switch unsafe pool.inbox.pointee.attention.load(ordering: .sequentiallyConsistent) {
        case Attention.none: break
        case Attention.closed: pool.settleAfterClosing()
        default: pool.wakeOwner()
        }
    }

    private func push(_ state: UnsafeMutablePointer<ChunkState>) {
        var head = newest.load(ordering: .relaxed)
        while true {
            unsafe state.pointee.nextReturned = UnsafeMutablePointer(bitPattern: head)
            let (exchanged, seen) = newest.compareExchange(
                expected: head,
                desired: UInt(bitPattern: state),
                successOrdering: .sequentiallyConsistent,
                failureOrdering: .relaxed
            )
            if exchanged { return }
            head = seen
        }
    }

    /// Subtracts everything that other threads have returned. Chunks that become free are recycled.
    ///
    /// Owner thread only (after closing: under the pool's lock).
    static func drain(_ inbox: UnsafeMutablePointer<ReturnInbox>, into pool: BufferPool) {
        guard unsafe inbox.pointee.newest.load(ordering: .sequentiallyConsistent) != 0 else { return }
        let head = unsafe inbox.pointee.newest.exchange(0, ordering: .sequentiallyConsistent)
        var next = unsafe UnsafeMutablePointer<ChunkState>(bitPattern: head)
        while let state = unsafe next {
            unsafe next = state.pointee.nextReturned
            unsafe state.pointee.queued.store(false, ordering: .sequentiallyConsistent)
            let returned = unsafe state.pointee.returnedRemotely.exchange(0, ordering: .acquiring)
            guard returned != 0 else { continue }
            // A split on another thread counts as one return less, so the number may be negative.
            pool.remoteReturns += UInt64(max(0, Int32(truncatingIfNeeded: returned)))
            unsafe state.pointee.held &-= returned
            if unsafe state.pointee.references == 0 {
                unsafe pool.recycle(Chunk(state: state))
            }
        }
    }

    /// Asks returning threads to wake the owner. Check the inbox after this, not before.
    func announceWaiting() { attention.store(Attention.wake, ordering: .sequentiallyConsistent) }
    func announceServed() {
        guard attention.load(ordering: .relaxed) != Attention.none else { return }
        attention.store(Attention.none, ordering: .sequentiallyConsistent)
    }
    func announceClosed() { attention.store(Attention.closed, ordering: .sequentiallyConsistent) }
}
