public import Synchronization

/// A reference to the state of a chunk: what slices, the pool and the ring pass around instead of a bare pointer.
///
/// It is trivial: copying it counts nothing. The chunk stays valid for as long as it has references left.
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

    /// Adds a reference on the owner's thread, for a slice of `byteCount` bytes that no other slice has.
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

    /// Adds a reference on whatever thread this is, for a slice of which `byteCount` bytes are not counted already.
    @inlinable
    package func retain(byteCount: UInt32 = 0) {
        if isOwnedByCurrentThread {
            retainOnOwnerThread(byteCount: byteCount)
        } else {
            // One more reference is one return less. The caller holds a reference, so the chunk cannot become free
            // in between, and there is nothing that the owner needs to hear.
            _ = unsafe state.pointee.returnedRemotely.wrappingSubtract(
                ChunkState.share(of: byteCount),
                ordering: .relaxed
            )
        }
    }

    /// Drops a reference on whatever thread this is.
    @inlinable
    @inline(__always)
    package func release(byteCount: UInt32) {
        if isOwnedByCurrentThread {
            releaseOnOwnerThread(byteCount: byteCount)
        } else {
            unsafe ReturnInbox.returnFromAnotherThread(state, byteCount: byteCount)
        }
    }

    /// Takes the filler's reference: the kernel's or a carver's. Owner thread only.
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

    /// The owner's count has come to zero.
    @usableFromInline
    @inline(never)
    func recycle() {
        // Another thread may have split a slice: then its part is still out, although the owner counts none. It did so
        // before the other part came home, so the owner sees it here.
        if unsafe state.pointee.returnedRemotely.load(ordering: .relaxed) != 0 {
            unsafe state.pointee.held &-= state.pointee.returnedRemotely.exchange(0, ordering: .acquiring)
            guard unsafe state.pointee.references == 0 else { return }
        }
        unsafe state.pointee.pool._withUnsafeGuaranteedRef { $0.recycle(self) }
    }
}
