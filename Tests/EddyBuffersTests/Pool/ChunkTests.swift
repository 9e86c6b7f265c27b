import EddyBuffers
import Testing

/// Chunks that are filling to the kernel, and how they are recycled.
@Suite struct ChunkTests {
    @Test func aPoolMapsNothingBeforeItIsUsed() {
        BufferPool.temporary { pool in #expect(pool.statistics == BufferPool.Statistics()) }
    }

    @Test func allocatingMapsASlabAndTakesOneChunkOfIt() throws {
        try BufferPool.temporary { pool in
            let chunk = try #require(pool.allocateReceiveChunk())
            #expect(chunk.capacity == 64 << 10)
            var expected = BufferPool.Statistics()
            expected.slabs = 1
            expected.mappedBytes = BufferPool.slabSize
            expected.chunksFree = 31
            expected.chunksFilling = 1
            #expect(pool.statistics.slabs == expected.slabs)
            #expect(pool.statistics.mappedBytes == expected.mappedBytes)
            #expect(pool.statistics.chunksFree == expected.chunksFree)
            #expect(pool.statistics.chunksFilling == expected.chunksFilling)
            #expect(pool.statistics.slicesOut == 0)
            pool.reclaim(chunk)
            #expect(pool.statistics.chunksFree == 32)
            #expect(pool.statistics.chunksFilling == 0)
        }
    }

    @Test func theChunkUsedLastIsUsedNext() throws {
        try BufferPool.temporary { pool in
            let first = try #require(pool.allocateReceiveChunk())
            let second = try #require(pool.allocateReceiveChunk())
            pool.reclaim(first)
            pool.reclaim(second)
            let third = try #require(pool.allocateReceiveChunk())
            #expect(third == second)
            pool.reclaim(third)
        }
    }

    @Test func aChunkWithSlicesIsRecycledWithTheLastOfThem() throws {
        try BufferPool.temporary { pool in
            let chunk = try #require(pool.allocateReceiveChunk())
            let first = Slice(chunk, 0..<100)
            let second = Slice(chunk, 100..<200)
            #expect(pool.statistics.slicesOut == 2)
            pool.reclaim(chunk)
            #expect(pool.statistics.chunksHeld == 1)
            first.dropOnOwnerThread()
            #expect(pool.statistics.chunksFree == 31)
            second.drop()
            #expect(pool.statistics.chunksFree == 32)
            #expect(pool.statistics.slicesOut == 0)
        }
    }

    @Test func slabsAreReusedForEver() throws {
        try BufferPool.temporary { pool in
            for _ in 0..<100_000 {
                let chunk = try #require(pool.allocateReceiveChunk())
                let slice = Slice(chunk, 0..<64)
                pool.reclaim(chunk)
                slice.dropOnOwnerThread()
            }
            #expect(pool.statistics.slabs == 1)
        }
    }

    @Test func atTheLimitNoChunkIsAllocatedUntilOneIsReclaimed() throws {
        try BufferPool.temporary(maximumBytes: BufferPool.slabSize) { pool in
            var filling: [Chunk] = []
            while let chunk = pool.allocateReceiveChunk() { filling.append(chunk) }
            #expect(filling.count == 32)
            #expect(Set(filling.map { UInt(bitPattern: $0.base) }).count == 32)
            #expect(pool.statistics.refusals == 1)
            pool.reclaim(filling.removeLast())
            filling.append(try #require(pool.allocateReceiveChunk()))
            for chunk in filling { pool.reclaim(chunk) }
        }
    }

    @Test func atTheLimitAllocUnsafeFallsBackToMemoryOfItsOwn() {
        BufferPool.temporary(maximumBytes: 0) { pool in
            #expect(pool.allocateReceiveChunk() == nil)
            var buffer = pool.allocate(100)
            buffer.append(repeating: 7, count: 100)
            #expect(pool.statistics.dedicatedBuffers == 1)
            #expect(pool.statistics.slabs == 0)
            #expect(buffer.array() == [UInt8](repeating: 7, count: 100))
        }
    }

    @Test func chunksOfDifferentSizesDoNotMix() throws {
        try BufferPool.temporary(receiveChunkSize: 256 << 10) { pool in
            let allocated = pool.allocate(10)
            let chunk = try #require(pool.allocateReceiveChunk())
            #expect(chunk.capacity == 256 << 10)
            #expect(pool.statistics.slabs == 2)
            pool.reclaim(chunk)
            hold(allocated)
        }
    }

    @Test func adjacentSlicesMerge() throws {
        try BufferPool.temporary { pool in
            let chunk = try #require(pool.allocateReceiveChunk())
            var first = Slice(chunk, 0..<10)
            let second = Slice(chunk, 10..<30)
            let apart = Slice(chunk, 40..<50)
            let merged = first.merge(second)
            let mergedMore = first.merge(apart)
            #expect(merged && !mergedMore)
            #expect(first.count == 30)
            #expect(pool.statistics.slicesOut == 2)
            first.drop()
            apart.drop()
            pool.reclaim(chunk)
        }
    }
}
