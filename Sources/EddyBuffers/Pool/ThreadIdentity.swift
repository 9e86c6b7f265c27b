public import CEddyBuffers

/// Identifies a thread by a word to compare with. It is cheap enough to tell a return on the buffer's own thread, which
/// needs no atomic operation, from a return on another thread.
///
/// It is the address of a thread-local variable, so computing it takes no load. A new thread may get the identity of
/// one that has ended. Therefore objects that belong to a thread keep a ``ThreadOwner``, and give it up before the
/// thread ends.
@usableFromInline
package struct ThreadIdentity: Equatable, Sendable {
    @usableFromInline
    package let rawValue: UInt

    @inlinable
    package init(rawValue: UInt) {
        self.rawValue = rawValue
    }

    /// Implemented by hand so that it is inlined: the synthesised one is called through a witness in other modules.
    @inlinable
    package static func == (left: ThreadIdentity, right: ThreadIdentity) -> Bool {
        left.rawValue == right.rawValue
    }

    @inlinable
    package static var current: ThreadIdentity {
        ThreadIdentity(rawValue: eddy_thread_identity())
    }
}
