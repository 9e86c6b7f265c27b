public import CEddyBuffers

/// Which thread this is: a word to compare with. Cheap enough to tell the return of a buffer on its own thread, which
/// needs no atomic operation, from a return by somebody else.
///
/// It is the address of a thread-local variable, so knowing it takes no load. A new thread may get the identity of one
/// that has ended: whatever belongs to a thread keeps a ``ThreadOwner``, and gives it up before the thread ends.
@usableFromInline
package struct ThreadIdentity: Equatable, Sendable {
    @usableFromInline
    package let rawValue: UInt

    @inlinable
    package init(rawValue: UInt) {
        self.rawValue = rawValue
    }

    /// Written out to be inlined: what the compiler makes is called through a witness in other modules.
    @inlinable
    package static func == (left: ThreadIdentity, right: ThreadIdentity) -> Bool {
        left.rawValue == right.rawValue
    }

    @inlinable
    package static var current: ThreadIdentity {
        ThreadIdentity(rawValue: eddy_thread_identity())
    }
}
