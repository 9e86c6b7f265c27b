internal import EddyBuffers
package import EddyRing
internal import EddySystem
internal import Glibc

/// A system thread that Eddy owns: a loop's, or one that blocks in place of a loop (the resolver, the watchdog, the end
/// of a group).
///
/// A ring's requests belong to the thread that submitted them, and the kernel cancels them when that thread ends. So a
/// loop cannot run on a thread pool whose threads start and end.
@safe
package struct SystemThread: @unchecked Sendable {
    private let thread: pthread_t

    /// Starts a thread that creates a value with `make`, passes it to the caller, and continues with `run`.
    ///
    /// - Throws: what `make` throws; the thread has ended then. `threadLimit` or `addressSpaceLimit` when no thread can
    ///   be started.
    package static func start<Value: Sendable>(
        name: String,
        make: @escaping @Sendable () throws(RingError) -> Value,
        run: @escaping @Sendable (Value) -> Void
    ) throws(RingError) -> (SystemThread, Value) {
        let delivery = Delivery<Value>()
        let body = Body {
            setCurrentThreadName(name)
            let result = Result { () throws(RingError) in try make() }
            delivery.complete(result)
            if case .success(let value) = result { run(value) }
        }
        var thread = pthread_t()
        let context = unsafe Unmanaged.passRetained(body)
        var result = unsafe pthread_create(&thread, nil, Body.main, context.toOpaque())
        // A thread that was just joined may still count against the limit for a moment.
        for _ in 0..<20 where result == EAGAIN {
            usleep(1000)
            result = unsafe pthread_create(&thread, nil, Body.main, context.toOpaque())
        }
        guard result == 0 else {
            unsafe context.release()
            throw RingError(threadFailure: SystemError(result))
        }
        let systemThread = SystemThread(thread: thread)
        switch delivery.wait() {
        case .success(let value): return (systemThread, value)
        case .failure(let error):
            systemThread.join()
            throw error
        }
    }

    /// Waits until the thread has ended.
    package func join() {
        _ = pthread_join(thread, nil)
    }

    /// Detaches the thread: it will not be joined.
    func detach() {
        _ = pthread_detach(thread)
    }

    /// The body of the thread, passed through C as one pointer.
    private final class Body: Sendable {
        private let closure: @Sendable () -> Void
        init(_ closure: @escaping @Sendable () -> Void) { self.closure = closure }

        static let main: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { context in
            guard let context = unsafe context else { return nil }
            unsafe Unmanaged<Body>.fromOpaque(context).takeRetainedValue().closure()
            return nil
        }
    }

    /// Passes one value from the new thread to its creator, which waits for it.
    private final class Delivery<Value: Sendable>: @unchecked Sendable {
        private var value: Result<Value, RingError>?
        private let arrived = Semaphore()

        func complete(_ value: Result<Value, RingError>) {
            self.value = value
            arrived.signal()
        }

        func wait() -> Result<Value, RingError> {
            arrived.wait()
            guard let value else { unreachable("the thread delivered nothing") }
            return value
        }
    }
}
