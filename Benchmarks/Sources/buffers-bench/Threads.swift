import Glibc

/// Runs `body` on a new thread and waits for its result.
func onAnotherThread(_ body: @escaping @Sendable () -> Double) -> Double {
    startThread(body).wait()
}

func startThread(_ body: @escaping @Sendable () -> Double) -> RunningThread {
    let job = Job(body)
    var thread = pthread_t()
    pthread_create(
        &thread,
        nil,
        { context in
            Unmanaged<Job>.fromOpaque(context!).takeUnretainedValue().run()
            return nil
        },
        Unmanaged.passUnretained(job).toOpaque()
    )
    return RunningThread(job: job, thread: thread)
}

struct RunningThread {
    fileprivate let job: Job
    fileprivate let thread: pthread_t

    func wait() -> Double {
        pthread_join(thread, nil)
        return job.result
    }
}

private final class Job: @unchecked Sendable {
    private let body: @Sendable () -> Double
    private(set) var result = 0.0

    init(_ body: @escaping @Sendable () -> Double) { self.body = body }

    func run() { result = body() }
}
