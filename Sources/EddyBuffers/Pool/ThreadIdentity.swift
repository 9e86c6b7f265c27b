internal import Glibc

/// Which thread this is: the one number that the hot path compares to tell a return by the pool's owner, which
/// needs no atomic operation, from a return by somebody else.
///
/// It is the `pthread_t` itself, so reading it costs one load from thread-local memory. The numbers of ended
/// threads are used again; a pool therefore gives up its owner before that thread ends (``BufferPool/close()``).
@usableFromInline
package struct ThreadIdentity: Equatable, Sendable {
    @usableFromInline
    package let rawValue: UInt

    /// Written out to be inlined: what the compiler makes is called through a witness in other modules.
    @inlinable
    package static func == (left: ThreadIdentity, right: ThreadIdentity) -> Bool {
        left.rawValue == right.rawValue
    }

    package static var current: ThreadIdentity {
        ThreadIdentity(rawValue: UInt(pthread_self()))
    }
}
