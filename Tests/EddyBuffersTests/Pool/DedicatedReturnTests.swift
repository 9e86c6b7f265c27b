import Synchronization
import Testing

@testable import EddyBuffers

/// Memory of single buffers that other threads return.
@Suite struct DedicatedReturnTests {
    @Test func partsThatOthersHaveDroppedMayComeHomeFirst() {
        BufferPool.temporary { pool in
            for _ in 0..<100 {
                let away = Parcel(pool.allocate(100_000).detach())
                let rest = Parcel(DetachedBuffer?.none)
                onAnotherThread {
                    var buffer = away.take().attach()
                    buffer.append(repeating: 1, count: 10)
                    // The first part is returned from here, and the chunk is queued; the second part goes back to its
                    // thread.
                    _ = buffer.splitFirst(5).count
                    rest.put(buffer.detach())
                }
                // The owner's own return frees the chunk, which the inbox still lists.
                _ = rest.take()!.attach().count
                pool.drainRemoteFrees()
                #expect(pool.statistics.dedicatedBuffers == 0)
            }
        }
    }

    @Test func whatOthersDropIsFreedWithTheNextAllocation() {
        BufferPool.temporary { pool in
            for _ in 0..<100 {
                let parcel = Parcel(pool.allocate(100_000).detach())
                onAnotherThread { _ = parcel.take().attach().count }
                #expect(pool.statistics.dedicatedBuffers <= 1)
            }
            pool.drainRemoteFrees()
        }
    }

    @Test func theLimitCountsNothingThatHasComeHome() {
        BufferPool.temporary(maximumBytes: 4 << 20) { pool in
            for _ in 0..<20 {
                guard let slice = pool.allocateWithinLimit(1 << 20) else {
                    Issue.record("everything has been returned")
                    return
                }
                let parcel = Parcel(Buffer(adopting: slice).detach())
                onAnotherThread { _ = parcel.take().attach().count }
            }
            pool.drainRemoteFrees()
        }
    }

    @Test func aDeallocatorMayDropAnotherBufferOfAPoolThatIsClosed() {
        let freed = Atomic(0)
        let parcel = Parcel(DetachedBuffer?.none)
        onAnotherThread {
            // The thread's pool is closed when the thread ends.
            let inner = Buffer.alloc(1000).share()
            let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 10, alignment: 1)
            let outer = Buffer.adopting(memory) { memory in
                withExtendedLifetime(inner) { memory.deallocate() }
                freed.add(1, ordering: .relaxed)
            }
            parcel.put(outer.detach())
        }
        _ = parcel.take()!.attach().count
        #expect(freed.load(ordering: .relaxed) == 1)
    }

    @Test func sharedBuffersThatAreCompactedKeepNoChunk() {
        var kept: [SharedBuffer] = []
        for _ in 0..<1000 {
            var buffer = Buffer.allocUnsafe(300)
            buffer.append(repeating: 7, count: 300)
            kept.append(buffer.share().compacted())
            // Dropped buffers lie in between.
            _ = Buffer.allocUnsafe(20_000).count
        }
        let statistics = BufferPool.current.statistics
        #expect(statistics.retainedBytes < 2 * statistics.liveBytes + (1 << 20))
        #expect(kept.allSatisfy { $0.count == 300 })
    }
}
