/// A task that waits for the loop: one word, stored in the slot of the connection or timer that it waits for.
///
/// Resuming does not allocate. It enqueues the task's job on its executor, which for a connection's task is the loop.
@safe
@usableFromInline
struct Waiter {
    @usableFromInline
    let continuation: UnsafeContinuation<Void, Never>

    @inlinable
    init(_ continuation: UnsafeContinuation<Void, Never>) {
        unsafe self.continuation = continuation
    }

    /// Resumes the task. Must be called exactly once per suspension; a checked continuation would allocate to verify
    /// that.
    func resume() {
        unsafe continuation.resume()
    }

    /// Suspends the calling task and passes it to `register`, which stores it until it is resumed.
    @inlinable
    static func suspend(_ register: (Waiter) -> Void) async {
        await unsafe withUnsafeContinuation { unsafe register(Waiter($0)) }
    }
}
