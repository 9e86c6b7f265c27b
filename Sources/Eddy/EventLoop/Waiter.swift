/// A task that waits for the loop: one word, which lies in the slot of the connection (or timer) it waits for.
///
/// Resuming costs no allocation. It puts the task's job on its executor, which for a connection's task is the loop.
@safe
@usableFromInline
struct Waiter {
    @usableFromInline
    let continuation: UnsafeContinuation<Void, Never>

    @inlinable
    init(_ continuation: UnsafeContinuation<Void, Never>) {
        unsafe self.continuation = continuation
    }

    /// Resumes the task. Exactly once for each suspension: a checked continuation would allocate to prove it.
    func resume() {
        unsafe continuation.resume()
    }

    /// Suspends the calling task and hands it to `register`, which keeps it until it is resumed.
    @inlinable
    static func suspend(_ register: (Waiter) -> Void) async {
        await unsafe withUnsafeContinuation { unsafe register(Waiter($0)) }
    }
}
