internal import EddySystem
internal import Synchronization

/// Runs the command's tasks on the main thread: tasks that prefer this executor, and their child tasks.
///
/// Otherwise they would run on libdispatch's threads. Its monitor of these threads opens /proc/self/task, and ends the
/// process if /proc is not mounted (`_dispatch_workq_monitor_pools`), as may be the case in a container. Signals still
/// arrive on a dispatch queue.
final class MainThreadExecutor: TaskExecutor {
    static let shared = MainThreadExecutor()

    private let jobs = Mutex<[UnownedJob]>([])
    private let arrived = Semaphore()

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        jobs.withLock { $0.append(job) }
        arrived.signal()
    }

    /// Runs enqueued jobs on the calling thread until the process ends.
    func run() -> Never {
        let executor = unsafe asUnownedTaskExecutor()
        while true {
            arrived.wait()
            let jobs = jobs.withLock { jobs in
                defer { jobs = [] }
                return jobs
            }
            for job in jobs { unsafe job.runSynchronously(on: executor) }
        }
    }
}
