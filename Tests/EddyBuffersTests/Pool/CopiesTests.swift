import EddyBuffers
import Testing

/// Received bytes that are copied out of their chunks, and the limits that they count against.
@Suite struct CopiesTests {
    private static let configuration: BufferPool.Configuration = {
        var configuration = BufferPool.Configuration(receiveChunkSize: 64 << 10, maximumBytes: 16 << 20)
        configuration.maximumKeptBytes = 100_000
        return configuration
    }()

    private func withPool(_ body: (BufferPool) throws -> Void) rethrows {
        let pool = BufferPool(configuration: Self.configuration, shares: PoolShares(dividing: Self.configuration))
        try body(pool)
        #expect(pool.statistics.slicesOut == 0)
        #expect(pool.copiedBytes == 0 && pool.keptBytes == 0)
        pool.close()
    }

    @Test func sharesAddUpToTheLimit() {
        for (limit, chunk) in [(4 << 20, 4096), (16 << 20, 64 << 10), (128 << 20, 256 << 10), (1 << 30, 8 << 20)] {
            let configuration = BufferPool.Configuration(receiveChunkSize: chunk, maximumBytes: limit)
            let shares = PoolShares(dividing: configuration)
            #expect(shares.received + shares.allocated + (shares.copied ?? 0) == limit)
            #expect(shares.received >= limit / 2 - max(2 << 20, chunk) && shares.received > 0)
            #expect((shares.copied ?? 0) >= limit / 4)
        }
    }

    @Test func aUseCannotTakeTheShareOfAnother() {
        withPool { pool in
            var allocated: [Slice] = []
            while let slice = pool.allocateChunk(size: 64 << 10) { allocated.append(slice) }
            #expect(allocated.count == 32)
            var copies: [Slice] = []
            while let copy = pool.allocateCopy(64 << 10) { copies.append(copy) }
            #expect(pool.copiedBytes <= pool.copyShare && copies.count > 80)
            var filling: [Chunk] = []
            while let chunk = pool.allocateReceiveChunk() { filling.append(chunk) }
            #expect(filling.count == 128)
            #expect(pool.statistics.mappedBytes + pool.statistics.copiedBytes <= 16 << 20)
            // Memory that a program allocates itself counts against no share.
            let own = (0..<1000).map { _ in Parcel(Buffer.allocUnsafeSlow(64 << 10)) }
            #expect(own.count == 1000)
            for chunk in filling { pool.reclaim(chunk) }
            for slice in allocated + copies { slice.drop() }
        }
    }

    /// 64 bytes of each chunk retain half of the memory of receives.
    @Test func fewBytesOfManyChunksAreCopiedOut() throws {
        try withPool { pool in
            var held: [Slice] = []
            for _ in 0..<64 {
                let chunk = try #require(pool.allocateReceiveChunk())
                held.append(Slice(chunk, 0..<64))
                pool.reclaim(chunk)
            }
            #expect(pool.retainedBytes == 64 * 64 << 10)
            #expect(pool.copyLimit(chunkSize: 64 << 10, queuedBytes: 64 * 64) == 32 << 10)
            // Memory that is retained for queued bytes is not worth copying.
            #expect(pool.copyLimit(chunkSize: 64 << 10, queuedBytes: 64 * 64 << 10) == 0)
            let chunk = try #require(pool.allocateReceiveChunk())
            let copy = pool.copyOut(Slice(chunk, 0..<64))
            #expect(copy.chunk != chunk && copy.count == 64)
            #expect(pool.copiedBytes > 64)
            pool.reclaim(chunk)
            #expect(pool.retainedBytes == 64 * 64 << 10)
            // Nearly all of it: everything is copied.
            for _ in 0..<40 {
                let chunk = try #require(pool.allocateReceiveChunk())
                held.append(Slice(chunk, 0..<64))
                pool.reclaim(chunk)
            }
            #expect(pool.copyLimit(chunkSize: 64 << 10, queuedBytes: 8 << 20) == 64 << 10)
            for slice in held + [copy] { slice.drop() }
            #expect(pool.copyLimit(chunkSize: 64 << 10, queuedBytes: 0) == 0)
        }
    }

    @Test func whatHandlersKeepHasALimitOfItsOwn() throws {
        try withPool { pool in
            var kept: [Slice] = []
            while true {
                let copy = try #require(pool.allocateCopy(1000))
                guard pool.transferToHandler(copy) else {
                    copy.drop()
                    break
                }
                kept.append(copy)
            }
            #expect(pool.keptBytes <= 100_000 && kept.count > 80)
            #expect(pool.copiedBytes == 0)
            // A queue takes one back, and there is room for another.
            pool.transferToQueue(kept[0])
            #expect(pool.copiedBytes > 0)
            let copy = try #require(pool.allocateCopy(1000))
            #expect(pool.transferToHandler(copy))
            for slice in kept + [copy] { slice.drop() }
        }
    }

    /// A queue that takes in part of a copy does not take in what the handler still holds.
    @Test func whatAHandlerHoldsBesideAQueueCountsAsKept() throws {
        try withPool { pool in
            let copy = try #require(pool.allocateCopy(1000))
            #expect(pool.transferToHandler(copy))
            let keptBytes = pool.keptBytes
            var rest = Buffer(adopting: copy)
            rest.append(repeating: 1, count: 1000 - rest.count)
            let queued = rest.splitFirst(400).relinquish()
            pool.transferToQueue(queued)
            #expect(pool.keptBytes == keptBytes && pool.copiedBytes == 0)
            queued.drop()
            let all = rest.relinquish()
            pool.transferToQueue(all)
            #expect(pool.keptBytes == 0 && pool.copiedBytes == keptBytes)
            all.drop()
        }
    }

    @Test func trimmingEndsWhenCopiesAreGone() {
        withPool { pool in
            let copies = (0..<40).compactMap { _ in pool.allocateCopy(64 << 10) }
            #expect(copies.count == 40 && pool.mayTrimCopies)
            // They are still held.
            pool.trimCopies()
            #expect(pool.mayTrimCopies)
            for copy in copies { copy.drop() }
            pool.trimCopies()
            #expect(!pool.mayTrimCopies)
        }
    }

    @Test func copiesThatOtherThreadsDropAreFound() {
        withPool { pool in
            while let copy = pool.allocateCopy(1 << 20) {
                #expect(pool.transferToHandler(copy) == false)
                let parcel = Parcel(Buffer(adopting: copy))
                onAnotherThread { _ = parcel.take() }
                if pool.statistics.remoteReturns > 20 { break }
            }
            #expect(pool.statistics.remoteReturns > 20)
            pool.drainRemoteFrees()
        }
    }
}
