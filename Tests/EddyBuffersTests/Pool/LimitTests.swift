import EddyBuffers
import Testing

@Suite struct LimitTests {
    /// Runs `body` on a thread whose pool has the limit.
    private func withLimit(_ maximumBytes: Int, _ body: @escaping @Sendable (BufferPool) -> Void) {
        onAnotherThread {
            let pool = BufferPool(configuration: .init(maximumBytes: maximumBytes))
            pool.makeCurrent()
            body(pool)
        }
    }

    @Test func allocatingEndsAtTheLimitWithAnError() {
        withLimit(BufferPool.slabSize) { pool in
            var held: [Parcel<Buffer>] = []
            let size = BufferPool.poolSize / 2 - 1
            do {
                while true { held.append(Parcel(try Buffer.allocWithinLimit(size))) }
            } catch {
                precondition("\(error)".contains("raise maximumBytes"))
            }
            // 32 chunks of 64 KiB hold two each.
            precondition(held.count == 64)
            precondition(pool.statistics.mappedBytes == BufferPool.slabSize)
            // An allocation that ignores the limit falls back to malloc, and is counted.
            let beyond = Buffer.allocUnsafe(size)
            precondition(pool.statistics.overflows == 1 && pool.statistics.dedicatedBuffers == 1)
            hold(beyond)
            _ = held.removeLast().take()
            _ = held.removeLast().take()
            precondition((try? Buffer.allocWithinLimit(size).capacity) == size)
        }
    }

    @Test func memoryOfItsOwnCountsToTheLimit() {
        withLimit(1 << 20) { _ in
            let most = try? Buffer.allocWithinLimit(1 << 20)
            precondition(most != nil)
            precondition((try? Buffer.allocWithinLimit(1 << 16).capacity) == nil)
        }
    }

    @Test func idleSlabsAreGivenBack() throws {
        try BufferPool.temporary(receiveChunkSize: 256 << 10) { pool in
            var filling: [Chunk] = []
            for _ in 0..<64 { filling.append(try #require(pool.allocateReceiveChunk())) }
            #expect(pool.statistics.slabs == 8)
            for chunk in filling { pool.reclaim(chunk) }
            // They were needed in this period; half of them are unmapped in the next one.
            pool.trim()
            let trimmed = pool.trim()
            #expect(trimmed == 4 * BufferPool.slabSize)
            #expect(pool.statistics.mappedBytes == 4 * BufferPool.slabSize)
            #expect(pool.statistics.chunksFree == 32)
            #expect(pool.statistics.mappedBytesPeak == 8 * BufferPool.slabSize)
            for _ in 0..<10 { pool.trim() }
            #expect(pool.statistics.slabs == 0)
            // They are mapped again when they are needed.
            filling = []
            for _ in 0..<64 { filling.append(try #require(pool.allocateReceiveChunk())) }
            #expect(pool.statistics.slabs == 8 && pool.slabCount == 8)
            for chunk in filling {
                chunk.base.storeBytes(of: 1, toByteOffset: chunk.capacity - 1, as: UInt8.self)
                pool.reclaim(chunk)
            }
        }
    }

    /// Otherwise chunks that are occasionally filling and returned would keep every slab mapped.
    @Test func chunksOfOldSlabsAreAllocatedFirstAfterTrimming() throws {
        try BufferPool.temporary(receiveChunkSize: 1 << 20) { pool in
            var filling: [Chunk] = []
            for _ in 0..<8 { filling.append(try #require(pool.allocateReceiveChunk())) }
            // The top one belongs to the slab that was mapped last.
            for chunk in filling { pool.reclaim(chunk) }
            pool.trim()
            let memory = try #require(pool.slabMemory(at: 0))
            let first = [try #require(pool.allocateReceiveChunk()), try #require(pool.allocateReceiveChunk())]
            #expect(first.allSatisfy { $0.base >= memory.baseAddress! && $0.base < memory.baseAddress! + memory.count })
            #expect(!pool.isScattered(chunkSize: 1 << 20))
            for chunk in first { pool.reclaim(chunk) }
        }
    }

    @Test func slabsInUseAndPinnedSlabsStay() throws {
        try BufferPool.temporary(receiveChunkSize: 1 << 20) { pool in
            var filling: [Chunk] = []
            for _ in 0..<8 { filling.append(try #require(pool.allocateReceiveChunk())) }
            let held = filling.removeLast()
            for chunk in filling { pool.reclaim(chunk) }
            pool.pinSlabs(1)
            for _ in 0..<10 { pool.trim() }
            #expect(pool.statistics.slabs == 2)
            #expect(pool.slabMemory(at: 0) != nil && pool.slabMemory(at: 1) == nil)
            pool.reclaim(held)
        }
    }

    @Test func pinnedSlabsMakeNoRoomForOtherSizes() throws {
        try BufferPool.temporary(maximumBytes: 2 * BufferPool.slabSize) { pool in
            for size in [64 << 10, 128 << 10] {
                let chunk = try #require(pool.allocateReceiveChunk(size: size))
                pool.reclaim(chunk)
            }
            pool.pinSlabs(1)
            let chunk = try #require(pool.allocateReceiveChunk(size: 256 << 10))
            #expect(pool.slabMemory(at: 0) != nil && pool.slabMemory(at: 1) == nil)
            // Only the pinned slab is free.
            #expect(pool.allocateReceiveChunk(size: 128 << 10) == nil)
            #expect(pool.slabMemory(at: 0) != nil)
            pool.reclaim(chunk)
        }
    }

    @Test func amplificationIsRetainedOverLive() throws {
        try BufferPool.temporary { pool in
            let chunk = try #require(pool.allocateReceiveChunk())
            let slice = Slice(chunk, 0..<1024)
            #expect(pool.statistics.liveBytes == 1024)
            #expect(pool.statistics.retainedBytes == 64 << 10)
            #expect(pool.statistics.amplification == 64)
            pool.reclaim(chunk)
            slice.drop()
            #expect(pool.statistics.liveBytes == 0 && pool.statistics.amplification == 1)
            #expect(pool.statistics.chunksUsedPeak == 1)
        }
    }

    @Test func liveBytesAreCountedAcrossSplitsAndThreads() {
        BufferPool.temporary { pool in
            var buffer = pool.allocate(100)
            buffer.append(repeating: 1, count: 100)
            let parcel = Parcel(buffer.splitFirst(40))
            #expect(pool.statistics.liveBytes == 100)
            onAnotherThread { _ = parcel.take() }
            #expect(pool.statistics.liveBytes == 60)
            pool.drainRemoteFrees()
            #expect(pool.statistics.liveBytes == 60)
            hold(buffer)
        }
    }

    /// 10,000 connections each hold 100 of the bytes that they received, among ten times as many that were dropped.
    @Test func compactedBytesHardlyTakeMoreThanTheyAre() {
        onAnotherThread {
            let pool = BufferPool.current
            var held: [Parcel<Buffer>] = []
            var chunk: Chunk?
            var filled = 0
            for number in 0..<110_000 {
                if chunk == nil || filled + 100 > chunk!.capacity {
                    if let full = chunk { pool.reclaim(full) }
                    (chunk, filled) = (pool.allocateReceiveChunk(), 0)
                }
                let received = Buffer(adopting: Slice(chunk!, filled..<filled + 100))
                filled += 100
                if number % 11 == 0 { held.append(Parcel(received.compacted())) }
            }
            pool.reclaim(chunk!)
            let statistics = pool.statistics
            precondition(held.count == 10_000 && statistics.liveBytes == 1_000_000)
            precondition(statistics.amplification < 1.5, "\(statistics.amplification)")
            for parcel in held { _ = parcel.take() }
            precondition(pool.statistics.slicesOut == 0)
        }
    }
}
