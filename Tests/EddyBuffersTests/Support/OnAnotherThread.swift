import Glibc

/// Runs `body` on a new thread and waits for its end.
func onAnotherThread(_ body: @escaping @Sendable () -> Void) {
    Threads.start(count: 1) { _ in body() }.join()
}

/// Threads of a test.
struct Threads {
    private let threads: [pthread_t]

    /// Starts `count` threads, each of which runs `body` with its number.
    static func start(count: Int, _ body: @escaping @Sendable (Int) -> Void) -> Threads {
        Threads(
            threads: (0..<count).map { number in
                let context = Unmanaged.passRetained(Body { body(number) })
                var thread = pthread_t()
                let result = pthread_create(&thread, nil, Body.main, context.toOpaque())
                precondition(result == 0, "cannot start a thread for the test")
                return thread
            }
        )
    }

    func join() {
        for thread in threads { pthread_join(thread, nil) }
    }

    private final class Body: Sendable {
        let closure: @Sendable () -> Void
        init(_ closure: @escaping @Sendable () -> Void) { self.closure = closure }

        static let main: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { context in
            Unmanaged<Body>.fromOpaque(context!).takeRetainedValue().closure()
            return nil
        }
    }
}
