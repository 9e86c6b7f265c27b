public import Synchronization

/// The thread that a pool or an event loop belongs to, for as long as that thread lives.
///
/// Any thread may ask whether it is the owner. The owner gives itself up before its thread ends, so that a new thread
/// with the same ``ThreadIdentity`` is not taken for it.
@usableFromInline
package struct ThreadOwner: ~Copyable, Sendable {
    /// The owner's identity, or 0 once it has been given up. Relaxed, since each thread only asks whether the value is
    /// its own.
    @usableFromInline
    let identity: Atomic<UInt>

    /// The calling thread becomes the owner.
    @inlinable
    package init() {
        identity = Atomic(ThreadIdentity.current.rawValue)
    }

    /// Whether the calling thread is the owner.
    @inlinable
    package var isCurrentThread: Bool {
        @inline(__always) get { identity.load(ordering: .relaxed) == ThreadIdentity.current.rawValue }
    }

    /// From now on no thread is the owner. Owner thread only.
    package func giveUp() {
        identity.store(0, ordering: .relaxed)
    }
}
