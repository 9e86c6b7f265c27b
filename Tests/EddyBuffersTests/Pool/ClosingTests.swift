import EddyBuffers
import Testing

/// A pool outlives its buffers.
@Suite struct ClosingTests {
    @Test func aPoolThatNothingRefersToIsFreedAtOnce() {
        weak var observed: BufferPool?
        do {
            let pool = BufferPool()
            observed = pool
            _ = pool.allocate(10).count
            #expect(pool.close() == 0)
        }
        #expect(observed == nil)
    }

    @Test func aHeldBufferKeepsAClosedPoolMapped() {
        weak var observed: BufferPool?
        var held: Buffer
        do {
            let pool = BufferPool()
            observed = pool
            held = pool.allocate(10)
            held.append("still here")
            #expect(pool.close() == 1)
        }
        #expect(observed != nil)
        #expect(held.array() == Array("still here".utf8))
        held = Buffer()
        #expect(observed == nil)
    }

    @Test func theLastReturnFreesAClosedPoolOnWhateverThread() {
        weak var observed: BufferPool?
        var parcels: [Parcel<Buffer>] = []
        do {
            let pool = BufferPool()
            observed = pool
            for _ in 0..<1000 { parcels.append(Parcel(pool.allocate(1000))) }
            #expect(pool.close() == 1000)
        }
        #expect(observed != nil)
        let threads = Threads.start(count: 4) { [parcels] number in
            for index in stride(from: number, to: 1000, by: 4) { _ = parcels[index].take() }
        }
        threads.join()
        #expect(observed == nil)
    }

    @Test func memoryOfItsOwnKeepsAClosedPoolToo() {
        weak var observed: BufferPool?
        var held: Buffer
        do {
            let pool = BufferPool()
            observed = pool
            held = pool.allocate(100_000)
            held.append(repeating: 1, count: 100_000)
            #expect(pool.close() == 1)
        }
        #expect(observed != nil)
        #expect(held[99_999] == 1)
        held = Buffer()
        #expect(observed == nil)
    }

    @Test func aThreadsPoolIsClosedWithTheThread() {
        final class Observed: @unchecked Sendable {
            weak var pool: BufferPool?
        }
        let observed = Observed()
        onAnotherThread {
            _ = Buffer.allocUnsafe(10).count
            observed.pool = BufferPool.current
        }
        #expect(observed.pool == nil)
    }

    @Test func eachThreadHasAPoolOfItsOwn() {
        let mine = ObjectIdentifier(BufferPool.current)
        onAnotherThread { #expect(ObjectIdentifier(BufferPool.current) != mine) }
        #expect(ObjectIdentifier(BufferPool.current) == mine)
    }
}
