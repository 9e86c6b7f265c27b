import EddyBuffers
import Testing

/// `allocUnsafe` allocates from chunks from their start to their end.
@Suite struct BumpAllocatorTests {
    @Test func buffersFollowEachOtherAtMultiplesOfEight() {
        BufferPool.temporary { pool in
            let first = pool.allocate(5)
            let second = pool.allocate(8)
            let third = pool.allocate(1)
            #expect(second.address == first.address + 8)
            #expect(third.address == second.address + 8)
            #expect(first.capacity == 5 && first.isEmpty)
        }
    }

    @Test func chunksStartAtPages() {
        BufferPool.temporary { pool in
            let first = pool.allocate(1)
            #expect(first.address % 4096 == 0)
        }
    }

    @Test func allocationRestartsOnceEverythingHasComeBack() {
        BufferPool.temporary { pool in
            let address = pool.allocate(100).address
            for _ in 0..<10_000 {
                let again = pool.allocate(100)
                #expect(again.address == address)
            }
            #expect(pool.statistics.slabs == 1)
        }
    }

    @Test func aHeldBufferKeepsItsPlace() {
        BufferPool.temporary { pool in
            let held = pool.allocate(16)
            let address = pool.allocate(16).address
            let next = pool.allocate(16).address
            #expect(held.address < address)
            #expect(next == address + 16)
        }
    }

    @Test func whatDoesNotFitRetiresTheChunk() {
        BufferPool.temporary { pool in
            // Two fit into a chunk of 64 KiB; a third does not.
            let size = BufferPool.poolSize / 2 - 8
            let first = pool.allocate(size)
            let second = pool.allocate(size)
            let third = pool.allocate(size)
            #expect(second.address == first.address + UInt(size))
            #expect(third.address / UInt(BufferPool.poolSize) != first.address / UInt(BufferPool.poolSize))
            #expect(pool.statistics.chunksHeld == 2)
        }
    }

    @Test func aRetiredChunkIsRecycledWithItsLastBuffer() {
        BufferPool.temporary { pool in
            let size = BufferPool.poolSize / 2 - 8
            var first: Buffer? = pool.allocate(size)
            var second: Buffer? = pool.allocate(size)
            let third = pool.allocate(size)
            let free = pool.statistics.chunksFree
            first = nil
            #expect(pool.statistics.chunksFree == free)
            second = nil
            #expect(pool.statistics.chunksFree == free + 1)
            hold(third)
            _ = (first == nil, second == nil)
        }
    }

    @Test func halfOfThePoolSizeAndMoreIsNotPooled() {
        BufferPool.temporary { pool in
            let pooled = pool.allocate(BufferPool.poolSize / 2 - 1)
            #expect(pool.statistics.dedicatedBuffers == 0)
            let own = pool.allocate(BufferPool.poolSize / 2)
            #expect(pool.statistics.dedicatedBuffers == 1)
            #expect(pool.statistics.dedicatedBytes == BufferPool.poolSize / 2)
            hold(pooled)
            hold(own)
        }
    }

    @Test func noBytesTakeNoMemory() {
        BufferPool.temporary { pool in
            let empty = pool.allocate(0)
            #expect(empty.capacity == 0)
            #expect(pool.statistics == BufferPool.Statistics())
        }
    }

    @Test func aNewPoolSizeCountsForTheChunksMadeFromThenOn() async {
        // The setting applies to the whole process, so the test runs in a process of its own.
        await #expect(processExitsWith: .success) {
            BufferPool.temporary { pool in
                let before = pool.allocate(8)
                BufferPool.poolSize = 8192
                let after = pool.allocate(8)
                precondition(after.address == before.address + 8, "the chunk at hand is used up first")
                let rest = pool.allocate(30_000)
                precondition(pool.statistics.dedicatedBuffers == 0, "and by its own rule of what is pooled")
                let own = pool.allocate(40_000)
                precondition(pool.statistics.dedicatedBuffers == 1)
                let last = pool.allocate(32_000)
                precondition(pool.statistics.dedicatedBuffers == 1)
                // The chunk is used up, and the next one has the size of the setting.
                let next = pool.allocate(4000)
                precondition(pool.statistics.chunksHeld == 2)
                let nextOwn = pool.allocate(4096)
                precondition(pool.statistics.dedicatedBuffers == 2)
                hold(rest)
                hold(own)
                hold(last)
                hold(next)
                hold(nextOwn)
            }
            precondition(BufferPool.poolSize == 8192)
        }
    }

    @Test(arguments: [-1, 0, 63, (1 << 30) + 1])
    func aPoolSizeOutOfBoundsTraps(size: Int) async {
        await #expect(processExitsWith: .failure) { [size] in BufferPool.poolSize = size }
    }

    @Test(arguments: [-1, Int.min, Int.max, 1 << 31])
    func aSizeOutOfBoundsTraps(size: Int) async {
        await #expect(processExitsWith: .failure) { [size] in _ = Buffer.allocUnsafe(size).count }
    }
}
