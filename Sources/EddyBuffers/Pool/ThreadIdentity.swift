public import CEddyBuffers

/// Which thread this is: a word to compare with. Cheap enough to tell the return of a buffer on its own thread, which
/// needs no atomic operation, from a return by somebody else.
///
/// It is the address of a thread-local variable, so knowing it takes no load. The numbers of ended threads are used
/// again; a pool therefore gives up its owner before that thread ends (``BufferPool/close()``).
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
