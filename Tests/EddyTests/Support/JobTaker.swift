import Synchronization
import Testing

/// Collects the jobs of tasks instead of running them.
final class JobTaker: TaskExecutor {
    private let jobs = Mutex([UnownedJob]())

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        jobs.withLock { $0.append(job) }
    }

    /// The jobs so far, which must be exactly `count`.
    func take(_ count: Int) -> [UnownedJob] {
        jobs.withLock { jobs in
            #expect(jobs.count == count)
            defer { jobs = [] }
            return jobs
        }
    }
}
