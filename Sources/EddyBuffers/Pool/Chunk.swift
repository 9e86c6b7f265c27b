public import Synchronization

/// A reference to the state of a chunk, which slices, the pool and the ring use instead of a bare pointer.
///
/// It is trivial: copying it does not count a reference. The chunk stays valid while it has references.
@safe
@usableFromInline
package struct Chunk: Equatable {
    @usableFromInline
    package let state: UnsafeMutablePointer<ChunkState>

    @inlinable
    package init(state: UnsafeMutablePointer<ChunkState>) {
        unsafe self.state = state
    }

    @inlinable
    package static func == (left: Chunk, right: Chunk) -> Bool {
        unsafe left.state == right.state
    }

    /// The first byte of the chunk.
    @inlinable
    package var base: UnsafeMutableRawPointer { unsafe state.pointee.base }
    /// Bytes in the chunk.
    @inlinable
    package var capacity: Int { unsafe Int(state.pointee.capacity) }

    /// Adds a reference on the owner's thread, for a slice of `byteCount` bytes that belong to no other slice.
    @inlinable
    @inline(__always)
    package func retainOnOwnerThread(byteCount: UInt32 = 0) {
        unsafe state.pointee.held &+= ChunkState.share(of: byteCount)
    }

    /// Drops a reference on the owner's thread. The last one recycles the chunk.
    @inlinable
    @inline(__always)
    package func releaseOnOwnerThread(byteCount: UInt32 = 0) {
        let held = unsafe state.pointee.held &- ChunkState.share(of: byteCount)
        unsafe state.pointee.held = held
        if UInt32(truncatingIfNeeded: held) == 0 { recycle() }
    }

    /// Adds a reference on any thread, for a slice of which `byteCount` bytes are not counted already.
    @inlinable
    package func retain(byteCount: UInt32 = 0) {
        if isOwnedByCurrentThread {
            retainOnOwnerThread(byteCount: byteCount)
        } else {
            // One more reference is one return less. The caller holds a reference, so the chunk cannot become free in
            // between, and there is no need to notify the owner.
            _ = unsafe state.pointee.remotelyReleased.wrappingSubtract(
                ChunkState.share(of: byteCount),
                ordering: .relaxed
            )
        }
    }

    /// Drops a reference on any thread.
    @inlinable
    @inline(__always)
    package func release(byteCount: UInt32) {
        if isOwnedByCurrentThread {
            releaseOnOwnerThread(byteCount: byteCount)
        } else {
            unsafe RemoteFreeList.releaseRemotely(state, byteCount: byteCount)
        }
    }

    /// Adds the filler's reference: the kernel's or the bump allocator's. Owner thread only.
    func startFilling() {
        unsafe state.pointee.isBeingFilled = true
    }

    /// Drops the filler's reference: from now on the last slice recycles the chunk. Owner thread only.
    func stopFilling() {
        unsafe state.pointee.isBeingFilled = false
        releaseOnOwnerThread()
    }

    @inlinable
    @inline(__always)
    var isOwnedByCurrentThread: Bool {
        unsafe state.pointee.owner.load(ordering: .relaxed) == ThreadIdentity.current.rawValue
    }

    /// Called when the owner's count has reached zero.
    @usableFromInline
    @inline(never)
    func recycle() {
        // Another thread may have split a slice. Then its part is still live, although the owner counts none. The split
        // happened before the other part was returned, so the owner sees it here.
        if unsafe state.pointee.remotelyReleased.load(ordering: .relaxed) != 0 {
            unsafe state.pointee.held &-= state.pointee.remotelyReleased.exchange(0, ordering: .acquiring)
            guard unsafe state.pointee.references == 0 else { return }
        }
        unsafe state.pointee.pool._withUnsafeGuaranteedRef { $0.recycle(self) }
    }
}
