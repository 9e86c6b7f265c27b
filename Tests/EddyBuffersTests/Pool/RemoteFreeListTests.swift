import EddyBuffers
import Synchronization
import Testing

/// Memory that other threads return.
@Suite struct RemoteFreeListTests {
    @Test func aReturnFromAnotherThreadIsTakenInByTheOwner() {
        BufferPool.temporary { pool in
            let parcel = Parcel(pool.allocate(100))
            onAnotherThread { _ = parcel.take() }
            #expect(pool.statistics.slicesOut == 0)
            #expect(pool.statistics.remoteReturns == 0)
            pool.drainRemoteFrees()
            #expect(pool.statistics.remoteReturns == 1)
            #expect(pool.statistics.slicesOut == 0)
        }
    }

    @Test func memoryThatOthersReturnedIsUsedBeforeMoreIsMapped() {
        BufferPool.temporary(maximumBytes: BufferPool.slabSize) { pool in
            for _ in 0..<100 {
                var parcels: [Parcel<Buffer>] = []
                while let chunk = pool.allocateReceiveChunk() {
                    parcels.append(Parcel(Buffer(adopting: Slice(chunk, 0..<64))))
                    pool.reclaim(chunk)
                }
                #expect(parcels.count == 32)
                onAnotherThread { [parcels] in for parcel in parcels { _ = parcel.take() } }
            }
            pool.drainRemoteFrees()
            #expect(pool.statistics.slabs == 1)
            #expect(pool.statistics.remoteReturns == 3200)
        }
    }

    @Test func manyThreadsReturnAtOnce() {
        BufferPool.temporary { pool in
            let parcels = (0..<4).map { _ in (0..<1000).map { _ in Parcel(pool.allocate(40)) } }
            let threads = Threads.start(count: 4) { number in for parcel in parcels[number] { _ = parcel.take() } }
            for _ in 0..<1000 { pool.drainRemoteFrees() }
            threads.join()
            pool.drainRemoteFrees()
            #expect(pool.statistics.remoteReturns == 4000)
            #expect(pool.statistics.slicesOut == 0)
        }
    }

    @Test func aBufferMayBeSplitOnAnotherThread() {
        BufferPool.temporary { pool in
            var buffer = pool.allocate(100)
            buffer.append("hello, world")
            let parcel = Parcel(buffer)
            let back = Mutex<[String]>([])
            withExtendedLifetime(pool) {
                onAnotherThread {
                    var buffer = parcel.take()
                    let first = buffer.splitFirst(5)
                    back.withLock { $0 = [String(decoding: first), String(decoding: buffer)] }
                }
            }
            #expect(back.withLock { $0 } == ["hello", ", world"])
            pool.drainRemoteFrees()
            #expect(pool.statistics.slicesOut == 0)
        }
    }

    /// One part of what another thread split is returned; the other is still live.
    @Test(arguments: [100, 50_000])
    func aPartThatStaysAwayKeepsTheMemory(size: Int) {
        BufferPool.temporary { pool in
            let other = pool.allocate(BufferPool.poolSize / 2 - 1)
            var buffer = pool.allocate(size)
            let address = buffer.address
            buffer.append(repeating: 7, count: size)
            let parcel = Parcel(buffer)
            let parts = Parts()
            onAnotherThread {
                var buffer = parcel.take()
                parts.home = Parcel(buffer.splitFirst(size / 2))
                parts.away = Parcel(buffer)
            }
            _ = parts.home!.take()
            hold(other)
            _ = consume other
            #expect(pool.statistics.slicesOut == 1)
            let next = pool.allocate(size)
            #expect(next.address != address)
            onAnotherThread { precondition(parts.away!.take()[size / 2 - 1] == 7) }
            pool.drainRemoteFrees()
            #expect(pool.statistics.slicesOut == 1)
            hold(next)
        }
    }

    private final class Parts: @unchecked Sendable {
        var home: Parcel<Buffer>?
        var away: Parcel<Buffer>?
    }

    @Test func onlyAWaitingOwnerIsWoken() {
        let wakes = Atomic<Int>(0)
        let pool = BufferPool(wake: { wakes.add(1, ordering: .relaxed) })
        func returnOne() {
            let parcel = Parcel(pool.allocate(10))
            onAnotherThread { _ = parcel.take() }
        }
        returnOne()
        #expect(wakes.load(ordering: .relaxed) == 0)
        pool.startWaitingForRemoteFrees()
        returnOne()
        #expect(wakes.load(ordering: .relaxed) == 1)
        pool.stopWaitingForRemoteFrees()
        returnOne()
        #expect(wakes.load(ordering: .relaxed) == 1)
        #expect(pool.close() == 0)
    }
}
