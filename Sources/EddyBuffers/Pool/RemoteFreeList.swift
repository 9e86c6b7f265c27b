internal import Synchronization

// How a reference is released on another thread:
//
//     another thread                              the owner
//     ──────────────                              ─────────
//     remotelyReleased += 1          (release)    take the whole list with one exchange   (acquire)
//     queued: false → true?  no: done             for each chunk on it:
//                  yes: push the chunk                read its link, then queued = false
//     attention set? wake the owner                   references -= exchange(remotelyReleased, 0)
//
// The owner clears `queued` before it reads the count. A release in between finds `queued` clear and pushes the chunk
// again: the owner then finds a count of zero, which is harmless. No release is ever missed.

/// The chunks to which other threads have released references, until the pool's owner drains the list.
///
/// A Treiber stack: any thread pushes, and only the owner pops, always the whole stack, so there is no ABA problem.
@usableFromInline
struct RemoteFreeList: ~Copyable {
    /// The address of the newest chunk, or 0.
    private let newest = Atomic<UInt>(0)
    /// What a releasing thread must do after pushing.
    private let attention = Atomic<UInt8>(Attention.none)

    private enum Attention {
        static let none: UInt8 = 0
        /// The owner waits for memory: wake it.
        static let wake: UInt8 = 1
        /// The pool has no owner any more: drain the list here.
        static let closed: UInt8 = 2
    }

    /// Drops one reference on a thread that does not own the pool, or after the pool was closed.
    @usableFromInline
    @inline(never)
    static func releaseRemotely(_ state: UnsafeMutablePointer<ChunkState>, byteCount: UInt32) {
        // The pool may be freed the moment that the last reference is counted. So this call keeps it alive until its
        // end, and with it the state. Until here the reference that is being returned keeps it alive.
        let pool = unsafe state.pointee.pool.takeUnretainedValue()
        _ = unsafe state.pointee.remotelyReleased.wrappingAdd(ChunkState.share(of: byteCount), ordering: .releasing)
        if unsafe !state.pointee.queued.exchange(true, ordering: .acquiringAndReleasing) {
            unsafe pool.remoteFrees.pointee.push(state)
        }
        // Sequentially consistent with `requestWake`: either this load sees the owner's request, or the owner, which
        // checks the list after its request, sees the push.
        switch unsafe pool.remoteFrees.pointee.attention.load(ordering: .sequentiallyConsistent) {
        case Attention.none: break
        case Attention.closed: pool.drainAfterClose()
        default: pool.wakeOwner()
        }
    }

    private func push(_ state: UnsafeMutablePointer<ChunkState>) {
        var head = newest.load(ordering: .relaxed)
        while true {
            unsafe state.pointee.nextRemotelyReleased = UnsafeMutablePointer(bitPattern: head)
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

    /// Subtracts everything that other threads have released. Chunks that become free are recycled.
    ///
    /// Owner thread only (after closing: under the pool's lock).
    static func drain(_ remoteFrees: UnsafeMutablePointer<RemoteFreeList>, into pool: BufferPool) {
        guard unsafe remoteFrees.pointee.newest.load(ordering: .sequentiallyConsistent) != 0 else { return }
        let head = unsafe remoteFrees.pointee.newest.exchange(0, ordering: .sequentiallyConsistent)
        var next = unsafe UnsafeMutablePointer<ChunkState>(bitPattern: head)
        while let state = unsafe next {
            unsafe next = state.pointee.nextRemotelyReleased
            unsafe state.pointee.queued.store(false, ordering: .sequentiallyConsistent)
            let returned = unsafe state.pointee.remotelyReleased.exchange(0, ordering: .acquiring)
            guard returned != 0 else { continue }
            // A split on another thread counts as one return less, so the number may be negative.
            pool.remoteReturns += UInt64(max(0, Int32(truncatingIfNeeded: returned)))
            unsafe state.pointee.held &-= returned
            if unsafe state.pointee.references == 0 {
                unsafe pool.recycle(Chunk(state: state))
            }
        }
    }

    /// Asks releasing threads to wake the owner. Check the list after this, not before.
    func requestWake() { attention.store(Attention.wake, ordering: .sequentiallyConsistent) }
    func cancelWake() {
        guard attention.load(ordering: .relaxed) != Attention.none else { return }
        attention.store(Attention.none, ordering: .sequentiallyConsistent)
    }
    func markClosed() { attention.store(Attention.closed, ordering: .sequentiallyConsistent) }
}
