import EddyBuffers
import Glibc
import Testing

/// Random operations on several threads against a naive model: nothing overlaps, nothing leaks, nothing is lost.
///
/// `EDDY_SEED` repeats a run; `EDDY_HEAVY=1` does three million operations.
@Suite struct ModelTests {
    @Test func randomOperationsOnSeveralThreads() {
        let seed = getenv("EDDY_SEED").flatMap { UInt64(String(cString: $0)) } ?? UInt64.random(in: 0...(1 << 48))
        print("EDDY_SEED=\(seed)")
        let workers = 3
        let world = ModelWorld(workers: workers, operations: getenv("EDDY_HEAVY") == nil ? 50_000 : 1_000_000)
        let barrier = Barrier(count: workers)
        let slicesOut = Locked<[Int]>([])
        let threads = Threads.start(count: workers) { number in
            var worker = ModelWorker(world: world, number: number, seed: seed)
            worker.run()
            // From here on no worker sends anything.
            barrier.wait()
            worker.finish()
            // All buffers are dropped.
            barrier.wait()
            worker.pool.drainRemoteFrees()
            let statistics = worker.pool.statistics
            // The chunk that compacted buffers are packed into stays.
            precondition(statistics.liveBytes == 0 && statistics.dedicatedBuffers <= 1, "\(statistics)")
            precondition(statistics.chunksFilling == 0)
            precondition(statistics.mappedBytes <= 16 << 20)
            slicesOut.withLock { $0.append(statistics.slicesOut) }
        }
        threads.join()
        #expect(slicesOut.withLock { $0 } == [0, 0, 0])
    }
}

/// Makes threads wait for each other.
private final class Barrier: @unchecked Sendable {
    private let barrier = UnsafeMutablePointer<pthread_barrier_t>.allocate(capacity: 1)

    init(count: Int) { pthread_barrier_init(barrier, nil, UInt32(count)) }

    deinit {
        pthread_barrier_destroy(barrier)
        barrier.deallocate()
    }

    func wait() { pthread_barrier_wait(barrier) }
}
