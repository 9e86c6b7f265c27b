import Glibc

/// A closure that runs on a thread of its own.
package final class Background<Output>: @unchecked Sendable {
    private var thread = pthread_t()
    private var isRunning = true
    private let box: Box

    /// Written by the thread, and read by others once it has ended.
    private final class Box: @unchecked Sendable {
        var output: Output?
    }

    package init(_ body: @escaping @Sendable () -> Output) {
        let box = Box()
        self.box = box
        let run = ThreadBody { box.output = body() }
        pthread_create(
            &thread,
            nil,
            { context in
                Unmanaged<ThreadBody>.fromOpaque(context!).takeRetainedValue().run()
                return nil
            },
            Unmanaged.passRetained(run).toOpaque()
        )
    }

    deinit { join() }

    /// Waits for the thread's end, and returns its result.
    @discardableResult
    package func join() -> Output? {
        if isRunning { pthread_join(thread, nil) }
        isRunning = false
        return box.output
    }
}

private final class ThreadBody {
    let run: () -> Void

    init(_ run: @escaping () -> Void) { self.run = run }
}
