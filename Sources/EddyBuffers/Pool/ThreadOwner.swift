public import Synchronization

/// The thread that owns a pool or an event loop, while that thread lives.
///
/// Any thread may ask whether it is the owner. The owner gives up ownership before its thread ends, so that a new
/// thread with the same ``ThreadIdentity`` is not mistaken for it.
@usableFromInline
package struct ThreadOwner: ~Copyable, Sendable {
    /// The owner's identity, or 0 once it has been given up. Relaxed, since each thread only checks whether the value
    /// is its own.
    @usableFromInline
    let identity: Atomic<UInt>

    /// Makes the calling thread the owner.
    @inlinable
    package init() {
        identity = Atomic(ThreadIdentity.current.rawValue)
    }

    /// Whether the calling thread is the owner.
    @inlinable
    package var isCurrentThread: Bool {
        @inline(__always) get { identity.load(ordering: .relaxed) == ThreadIdentity.current.rawValue }
    }

    /// Gives up ownership: from now on no thread is the owner. Owner thread only.
    package func giveUp() {
        identity.store(0, ordering: .relaxed)
    }
}
