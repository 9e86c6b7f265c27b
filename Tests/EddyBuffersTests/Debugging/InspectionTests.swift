import EddyBuffers
import Testing

/// Poisoning, zeroing, and the check of generations.
@Suite struct InspectionTests {
    private func pool(poisons: Bool = false, zeroes: Bool = false) -> BufferPool {
        var configuration = BufferPool.Configuration(receiveChunkSize: 64 << 10)
        configuration.poisonsMemory = poisons
        configuration.zeroesRecycledMemory = zeroes
        return BufferPool(configuration: configuration)
    }

    @Test func allocatedAndRecycledMemoryIsPoisoned() throws {
        let pool = pool(poisons: true)
        let chunk = try #require(pool.allocateReceiveChunk())
        let memory = UnsafeRawBufferPointer(start: chunk.base, count: chunk.capacity)
        #expect(memory.allSatisfy { $0 == 0xD0 })
        pool.reclaim(chunk)
        #expect(memory.allSatisfy { $0 == 0xDF })
        #expect(pool.close() == 0)
    }

    @Test func aPoisoningPoolDoesNotReuseTheSamePlace() {
        let pool = pool(poisons: true)
        let first = pool.allocate(8).address
        let second = pool.allocate(8).address
        #expect(second == first + 8)
        #expect(pool.close() == 0)
    }

    @Test func recycledMemoryIsZeroed() throws {
        let pool = pool(zeroes: true)
        let chunk = try #require(pool.allocateReceiveChunk())
        let memory = UnsafeMutableRawBufferPointer(start: chunk.base, count: chunk.capacity)
        memory.initializeMemory(as: UInt8.self, repeating: 7)
        pool.reclaim(chunk)
        #expect(memory.allSatisfy { $0 == 0 })
        #expect(pool.close() == 0)
    }

    #if DEBUG
    @Test func aSliceOfARecycledChunkTraps() async {
        await #expect(processExitsWith: .failure) {
            BufferPool.temporary { pool in
                guard let chunk = pool.allocateReceiveChunk() else { return }
                let stale = Slice(chunk, 0..<10)
                pool.reclaim(chunk)
                stale.drop()
                _ = stale.start
            }
        }
    }

    @Test func aSecondReturnTraps() async {
        await #expect(processExitsWith: .failure) {
            BufferPool.temporary { pool in
                guard let chunk = pool.allocateReceiveChunk() else { return }
                let slice = Slice(chunk, 0..<10)
                pool.reclaim(chunk)
                slice.drop()
                slice.drop()
            }
        }
    }
    #endif
}
