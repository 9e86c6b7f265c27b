import Testing

@testable import Eddy

/// Jobs come out in the order in which they went in, however many there are.
@Suite("loop: job queue", .timeLimit(.minutes(1)))
struct JobQueueTests {
    @Test("A queue that grows while it is wrapped around keeps its order")
    func growsWhileWrapped() async {
        let executor = JobTaker()
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

    private func run(_ job: UnownedJob?, on executor: JobTaker) {
        job?.runSynchronously(on: executor.asUnownedTaskExecutor())
    }
}
