import EddyBuffers
import Testing

@Suite struct CompactingTests {
    @Test func aCompactedBufferLetsGoOfItsChunk() throws {
        // `compacted` copies into the current pool, so the test runs on a thread of its own.
        onAnotherThread {
            let pool = BufferPool.current
            guard let chunk = pool.allocateReceiveChunk() else { return }
            let small = Buffer(adopting: Slice(chunk, 0..<100))
            pool.reclaim(chunk)
            let free = pool.statistics.chunksFree
            let kept = small.compacted()
            precondition(kept.count == 100 && kept.freeCapacity == 0)
            precondition(pool.statistics.chunksFree > free, "the chunk is free")
            hold(kept)
        }
    }

    @Test func whatIsKeptLiesTogether() {
        onAnotherThread {
            let first = Buffer.from("first").compacted()
            let between = Buffer.from("between")
            let second = Buffer.from("second").compacted()
            precondition(second.address == first.address + 8)
            precondition(String(decoding: first) == "first" && String(decoding: second) == "second")
            hold(between)
        }
    }

    @Test func memoryOfItsOwnStaysWhereItIs() {
        let buffer = Buffer.alloc(100_000)
        let address = buffer.address
        let same = buffer.compacted()
        #expect(same.address == address)
    }

    @Test func wipingClearsAllOfTheMemory() {
        var buffer = Buffer.allocUnsafe(32)
        buffer.append("secret")
        buffer.truncate(to: 2)
        buffer.wipe()
        #expect(buffer.count == 0 && buffer.freeCapacity == 32)
        let memory = UnsafeRawBufferPointer(start: buffer.slice.start, count: 32)
        #expect(memory.allSatisfy { $0 == 0 })
        var empty = Buffer()
        empty.wipe()
        #expect(empty.count == 0)
    }
}
