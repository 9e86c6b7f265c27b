import Synchronization
import Testing

@testable import Eddy

/// Jobs come out in the order in which they went in, however many there are.
@Suite("loop: job queue", .timeLimit(.minutes(1)))
struct JobQueueTests {
    @Test("A queue that grows while it is wrapped around keeps its order")
    func growsWhileWrapped() async {
        let executor = HandOver()
        let record = Record()
        let queue = JobQueue(capacity: 4)
        for number in 0..<10 {
            Task(executorPreference: executor) { record.append(number) }
        }
        let jobs = executor.take(10)
        #expect(queue.isEmpty == true)
        for job in jobs.prefix(3) { queue.append(job) }
        run(queue.popFirst(), on: executor)
        run(queue.popFirst(), on: executor)
        for job in jobs.dropFirst(3) { queue.append(job) }
        #expect(queue.count == 8)
        while let job = queue.popFirst() { run(job, on: executor) }
        #expect(queue.isEmpty == true)
        #expect(record.numbers == Array(0..<10))
    }

    private func run(_ job: UnownedJob?, on executor: HandOver) {
        job?.runSynchronously(on: executor.asUnownedTaskExecutor())
    }

    /// Collects the jobs of tasks instead of running them.
    private final class HandOver: TaskExecutor {
        private let jobs = Mutex([UnownedJob]())

        func enqueue(_ job: consuming ExecutorJob) {
            let job = UnownedJob(job)
            jobs.withLock { $0.append(job) }
        }

        func take(_ count: Int) -> [UnownedJob] {
            jobs.withLock { jobs in
                #expect(jobs.count == count)
                defer { jobs = [] }
                return jobs
            }
        }
    }
}
