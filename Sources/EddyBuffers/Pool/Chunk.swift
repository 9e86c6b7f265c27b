internal import Synchronization

/// A reference to the state of a chunk: what slices, the pool and the ring pass around instead of a bare pointer.
///
/// It is trivial: copying it counts nothing. The chunk stays valid for as long as it has references left.
@safe
package struct Chunk: Equatable {
    package let state: UnsafeMutablePointer<ChunkState>

    package init(state: UnsafeMutablePointer<ChunkState>) {
        unsafe self.state = state
    }

    package static func == (left: Chunk, right: Chunk) -> Bool {
        unsafe left.state == right.state
    }

    /// The first byte of the chunk.
    package var base: UnsafeMutableRawPointer { unsafe state.pointee.base }
    /// Bytes in the chunk.
    package var capacity: Int { unsafe Int(state.pointee.capacity) }

    /// Adds a reference on the owner's thread.
    @inline(__always)
    package func retainOnOwnerThread() {
        unsafe state.pointee.references &+= 1
    }

    /// Drops a reference on the owner's thread. The last one recycles the chunk.
    @inline(__always)
    package func releaseOnOwnerThread() {
        unsafe state.pointee.references &-= 1
        if unsafe state.pointee.references == 0 {
            recycle()
        }
    }

    /// Adds a reference on whatever thread this is.
    package func retain() {
        if isOwnedByCurrentThread {
            retainOnOwnerThread()
        } else {
            // One more reference is one return less. The caller holds a reference, so the chunk cannot become free
            // in between, and there is nothing that the owner needs to hear.
            _ = unsafe state.pointee.returnedRemotely.subtract(1, ordering: .relaxed)
        }
    }

    /// Drops a reference on whatever thread this is.
    @inline(__always)
    package func release() {
        if isOwnedByCurrentThread {
            releaseOnOwnerThread()
        } else {
            unsafe ReturnInbox.returnFromAnotherThread(state)
        }
    }

    @inline(__always)
    private var isOwnedByCurrentThread: Bool {
        unsafe state.pointee.owner.load(ordering: .relaxed) == ThreadIdentity.current.rawValue
    }

    @inline(never)
    private func recycle() {
        unsafe state.pointee.pool._withUnsafeGuaranteedRef { $0.recycle(self) }
    }
}
