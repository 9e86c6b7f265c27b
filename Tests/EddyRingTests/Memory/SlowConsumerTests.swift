import EddyBuffers
import EddyRing
import EddySystem
import EddyTestSupport
import Glibc
import Testing

/// Receives on a real ring while a consumer keeps received slices.
@Suite struct SlowConsumerTests {
    /// A ring, its pool, and two socket pairs whose near sides are received from.
    private final class Pairs {
        let ring: Ring
        let pool: BufferPool
        let receiveRing: ReceiveRing
        private let sockets: [SocketPair]
        var near: [Int32] { sockets.map { $0.near } }
        var far: [Int32] { sockets.map { $0.far } }

        init(_ engine: EngineKind, maximumBytes: Int, incremental: Bool, chunkSize: Int) throws {
            ring = try Ring(engine: engine, submissionEntries: 8, completionEntries: 64)
            pool = BufferPool(configuration: .init(receiveChunkSize: chunkSize, maximumBytes: maximumBytes))
            receiveRing = try ReceiveRing(ring: ring, pool: pool, incremental: incremental, target: 4)
            sockets = [try SocketPair(), try SocketPair()]
        }

        deinit {
            receiveRing.close()
            pool.close()
        }

        /// Sends `bytes` into one of the pairs and receives a slice there; nil if there is no memory.
        func pass(_ bytes: [UInt8], through index: Int) throws -> Slice? {
            try #require(write(far[index], bytes, bytes.count) == bytes.count)
            try ring.submit(.receiveOnce(descriptor: near[index], group: 0, token: OperationToken(kind: 1)))
            try ring.enter(waitFor: 1, deadline: MonotonicClock.now.advanced(by: .seconds(5)))
            let completion = try #require(ring.nextCompletion())
            defer { receiveRing.refill() }
            if completion.error == .noBufferSpace {
                receiveRing.noteBufferShortage()
                return nil
            }
            return receiveRing.slice(for: completion)
        }
    }

    /// One connection keeps 64 bytes of every 16 KiB that pass through the other. The pool would be full of pinned
    /// chunks long before the end if few bytes kept pinning them.
    @Test(arguments: TestedEngine.realWithBuffers)
    func whoKeepsASliceOfEachChunkDoesNotStopTheOthers(engine: TestedEngine, incremental: Bool) throws {
        let maximumBytes = 8 << 20
        let pairs = try Pairs(
            engine.kind,
            maximumBytes: maximumBytes,
            incremental: incremental,
            chunkSize: incremental ? 256 << 10 : 16 << 10
        )
        let small = (0..<64).map { UInt8($0) }
        let large = [UInt8](repeating: 7, count: 16 << 10)
        var held: [Slice] = []
        var rest = 0
        for round in 0..<4000 {
            guard let kept = try pairs.pass(small, through: 0) else {
                Issue.record("round \(round): the slow consumer's own receive starves")
                break
            }
            held.append(kept)
            // Bytes that do not fit into the rest of a chunk arrive in two parts.
            var left = large.count
            guard let first = try pairs.pass(large, through: 1) else {
                Issue.record("round \(round): the other connection starves")
                break
            }
            left -= Int(first.count)
            first.drop()
            if left > 0 {
                rest += left
                var bytes = [UInt8](repeating: 0, count: left)
                try #require(recv(pairs.near[1], &bytes, left, 0) == left)
            }
            if round % 100 == 0 {
                let statistics = pairs.pool.statistics
                #expect(statistics.mappedBytes + statistics.dedicatedBytes <= maximumBytes)
            }
        }
        #expect(held.count == 4000)
        #expect(pairs.receiveRing.copies > 0)
        #expect(pairs.receiveRing.starvations == 0)
        for slice in held {
            let bytes = UnsafeRawBufferPointer(start: slice.start, count: Int(slice.count))
            #expect(slice.count == 64 && bytes.elementsEqual(small))
            slice.drop()
        }
        #expect(pairs.pool.statistics.slicesOut == 0)
    }

    @Test(arguments: EngineKind.tested) func theRingGrowsWhenItStarvesAndShrinksWhenItIsIdle(engine: EngineKind) throws
    {
        guard engine.features.incrementalBuffers else { return }
        let pairs = try Pairs(engine, maximumBytes: 64 << 20, incremental: true, chunkSize: 64 << 10)
        #expect(pairs.pool.statistics.chunksFilling == 4)
        for _ in 0..<3 { pairs.receiveRing.noteBufferShortage() }
        pairs.receiveRing.refill()
        #expect(pairs.pool.statistics.chunksFilling == 32)
        // The first call starts the period.
        for expected in [32, 16, 8, 4, 4] {
            pairs.receiveRing.shrink()
            #expect(pairs.pool.statistics.chunksFilling == (pairs.ring.defersTaskWork ? expected : 32))
        }
        // The kernel finds the chunks of the new ring.
        for _ in 0..<100 {
            let slice = try #require(try pairs.pass([1, 2, 3], through: 0))
            #expect(slice.count == 3)
            slice.drop()
        }
    }

    /// A single call of `enter` must not fill the pool.
    @Test(arguments: EngineKind.tested) func theRingTakesAnEighthOfThePoolAtMost(engine: EngineKind) throws {
        let pairs = try Pairs(engine, maximumBytes: 8 << 20, incremental: false, chunkSize: 64 << 10)
        for _ in 0..<10 { pairs.receiveRing.noteBufferShortage() }
        pairs.receiveRing.refill()
        #expect(pairs.pool.statistics.chunksFilling == 16)
    }

    /// A ring that fills its chunks incrementally is rarely short of them.
    @Test(arguments: EngineKind.tested) func aFullRingCopiesOutWhenMemoryGetsScarce(engine: EngineKind) throws {
        guard engine.features.incrementalBuffers else { return }
        let pairs = try Pairs(engine, maximumBytes: 8 << 20, incremental: true, chunkSize: 64 << 10)
        let direct = try #require(try pairs.pass([1, 2, 3], through: 0))
        #expect(pairs.receiveRing.copies == 0)
        var retained: [Slice] = []
        for _ in 0..<40 {
            let chunk = try #require(pairs.pool.allocateReceiveChunk())
            chunk.retainOnOwnerThread(byteCount: 1)
            retained.append(Slice(chunk: chunk, start: chunk.base, count: 1, capacity: 1))
            pairs.pool.reclaim(chunk)
        }
        pairs.receiveRing.refill()
        let copy = try #require(try pairs.pass([1, 2, 3], through: 0))
        #expect(pairs.receiveRing.copies == 1 && copy.chunk != direct.chunk)
        for slice in retained + [direct, copy] { slice.drop() }
    }

    /// A burst has spread the ring's chunks over many slabs, each of which would stay mapped until its chunk is used
    /// up.
    @Test(arguments: EngineKind.tested) func anIdleRingGathersItsChunksInFewSlabs(engine: EngineKind) throws {
        guard engine.features.incrementalBuffers else { return }
        let pairs = try Pairs(engine, maximumBytes: 64 << 20, incremental: true, chunkSize: 256 << 10)
        guard pairs.ring.defersTaskWork else { return }
        // In a slab of 2 MiB.
        let perSlab = 8
        var slices: [Slice] = []
        var others: [Chunk] = []
        for _ in 0..<4 {
            for _ in 1..<perSlab { others.append(try #require(pairs.pool.allocateReceiveChunk())) }
            for _ in 0..<8 {
                slices.append(try #require(try pairs.pass([UInt8](repeating: 1, count: 32 << 10), through: 0)))
            }
        }
        for chunk in others { pairs.pool.reclaim(chunk) }
        for slice in slices { slice.drop() }
        #expect(pairs.pool.isScattered(chunkSize: 256 << 10))
        for _ in 0..<10 {
            pairs.receiveRing.shrink()
            pairs.pool.trim()
        }
        #expect(!pairs.pool.isScattered(chunkSize: 256 << 10))
        #expect(pairs.pool.statistics.slabs == 1)
        #expect(pairs.pool.statistics.chunksFilling == 4)
        let slice = try #require(try pairs.pass([1, 2, 3], through: 0))
        #expect(slice.count == 3)
        slice.drop()
    }

    /// A receive that waits while the ring is replaced gets its bytes in the new one.
    @Test(arguments: EngineKind.tested) func aReceiveInFlightOutlivesTheShrinking(engine: EngineKind) throws {
        guard engine.features.incrementalBuffers else { return }
        let pairs = try Pairs(engine, maximumBytes: 64 << 20, incremental: true, chunkSize: 64 << 10)
        try pairs.ring.submit(
            .receiveMultishot(
                descriptor: pairs.near[0],
                group: 0,
                limit: 0,
                expectsDelay: false,
                token: OperationToken(kind: 1)
            )
        )
        try pairs.ring.enter(waitFor: 0, deadline: nil)
        for _ in 0..<3 { pairs.receiveRing.noteBufferShortage() }
        pairs.receiveRing.refill()
        for _ in 0..<4 { pairs.receiveRing.shrink() }
        for round in 0..<10 {
            let bytes = [UInt8](repeating: UInt8(round), count: 100)
            try #require(write(pairs.far[0], bytes, 100) == 100)
            try pairs.ring.enter(waitFor: 1, deadline: MonotonicClock.now.advanced(by: .seconds(5)))
            let completion = try #require(pairs.ring.nextCompletion())
            #expect(completion.result == 100 && !completion.isLast)
            let slice = try #require(pairs.receiveRing.slice(for: completion))
            #expect(UnsafeRawBufferPointer(start: slice.start, count: 100).allSatisfy { $0 == UInt8(round) })
            slice.drop()
        }
        try pairs.ring.submit(.cancel(OperationToken(kind: 1), token: OperationToken(kind: 2)))
        var last = false
        while !last {
            try pairs.ring.enter(waitFor: 1, deadline: MonotonicClock.now.advanced(by: .seconds(5)))
            while let completion = pairs.ring.nextCompletion() {
                if completion.token == OperationToken(kind: 1) { last = completion.isLast }
            }
        }
    }
}
