import EddyBuffers
import EddyRing
import Glibc
import Testing

/// Receives into chunks of the pool, on every engine.
@Suite("ring: receiving into the pool", .timeLimit(.minutes(1)))
struct ReceiveRingTests {
    /// Chunks of one page: 512 of them in a slab.
    private static let chunkSize = 4096
    private let pool = BufferPool(configuration: .init(receiveChunkSize: chunkSize, maximumBytes: 2 << 20))
    private let token = OperationToken(kind: 1)

    @Test("What was sent lies in the slices, whatever its sizes", arguments: EngineKind.withBuffers)
    func content(engine: EngineKind, incremental: Bool) throws {
        try withReceiveRing(engine, incremental: incremental, target: 4) { ring, receiveRing, pair in
            for count in [1, 100, 4000, 4096, 5000, 7, 8192, 1] {
                let sent = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ count) }
                pair.write(sent)
                var received: [UInt8] = []
                while received.count < count {
                    try ring.submit(.receiveOnce(descriptor: pair.near, group: 0, token: token))
                    let completion = try #require(try ring.completions(1).first)
                    let slice = try #require(receiveRing.slice(for: completion))
                    #expect(slice.count == UInt32(completion.result))
                    received += UnsafeRawBufferPointer(start: slice.start, count: Int(slice.count))
                    slice.dropOnOwnerThread()
                    receiveRing.refill()
                }
                #expect(received == sent)
            }
        }
    }

    @Test("Small receives follow each other in one chunk, or take one each", arguments: EngineKind.withBuffers)
    func packing(engine: EngineKind, incremental: Bool) throws {
        try withReceiveRing(engine, incremental: incremental, target: 8) { ring, receiveRing, pair in
            try ring.submit(multishot(pair))
            var slices: [Slice] = []
            for number in 0..<UInt8(6) {
                pair.write([number, number])
                let completion = try #require(try ring.completions(1).first)
                slices.append(try #require(receiveRing.slice(for: completion)))
            }
            for (number, slice) in slices.enumerated() {
                #expect(slice.start.load(as: UInt8.self) == UInt8(number))
                #expect((slice.chunk == slices[0].chunk) == (incremental || number == 0))
            }
            if incremental { #expect(slices[1].start == slices[0].end) }
            for slice in slices { slice.dropOnOwnerThread() }
            let end = try ring.cancelAll()
            #expect(end.last?.error == .cancelled)
        }
    }

    @Test(
        "Slices that are held keep their bytes while the ring goes round many times",
        arguments: EngineKind.withBuffers
    )
    func heldSlices(engine: EngineKind, incremental: Bool) throws {
        try withReceiveRing(engine, incremental: incremental, target: 4) { ring, receiveRing, pair in
            try ring.submit(multishot(pair))
            var held: [(slice: Slice, value: UInt8)] = []
            // Four times as many bytes as the pool has.
            for round in 0..<2048 {
                let value = UInt8(truncatingIfNeeded: round)
                pair.write([UInt8](repeating: value, count: Self.chunkSize))
                var left = Self.chunkSize
                while left > 0 {
                    let completion = try #require(try ring.completions(1).first)
                    let slice = try #require(receiveRing.slice(for: completion))
                    left -= Int(slice.count)
                    if round % 50 == 0 { held.append((slice, value)) } else { slice.dropOnOwnerThread() }
                    receiveRing.refill()
                }
            }
            for (slice, value) in held {
                let bytes = UnsafeRawBufferPointer(start: slice.start, count: Int(slice.count))
                #expect(bytes.allSatisfy { $0 == value })
                slice.dropOnOwnerThread()
            }
            #expect(receiveRing.starvations == 0)
            #expect(pool.slabCount == 1)
            _ = try ring.cancelAll()
        }
    }

    @Test("Without chunks a receive fails, and goes on once there are some", arguments: EngineKind.withBuffers)
    func starvation(engine: EngineKind, incremental: Bool) throws {
        try withReceiveRing(engine, incremental: incremental, target: 2) { ring, receiveRing, pair in
            try ring.submit(multishot(pair))
            pair.write([UInt8](repeating: 1, count: 3 * Self.chunkSize))
            let completions = try ring.completions(3)
            let slices = completions.compactMap { receiveRing.slice(for: $0) }
            #expect(slices.count == 2)
            #expect(completions.last?.error == .noBufferSpace)
            #expect(completions.last?.isLast == true)
            #expect(!receiveRing.hasChunks)
            receiveRing.noteStarvation()
            #expect(receiveRing.starvations == 1)
            #expect(receiveRing.refill())
            try ring.submit(multishot(pair))
            let last = try #require(try ring.completions(1).first)
            let slice = try #require(receiveRing.slice(for: last))
            #expect(slice.count == UInt32(Self.chunkSize))
            for slice in slices + [slice] { slice.dropOnOwnerThread() }
            _ = try ring.cancelAll()
        }
    }

    @Test("A pool whose chunks are all held refills nothing until one comes back", arguments: EngineKind.withBuffers)
    func poolAtItsLimit(engine: EngineKind, incremental: Bool) throws {
        try withReceiveRing(engine, incremental: incremental, target: 2) { ring, receiveRing, pair in
            var taken: [Chunk] = []
            while let chunk = pool.lendReceiveChunk() { taken.append(chunk) }
            #expect(taken.count == 510)
            pair.write([UInt8](repeating: 1, count: 2 * Self.chunkSize))
            try ring.submit(multishot(pair))
            let slices = try ring.completions(2).compactMap { receiveRing.slice(for: $0) }
            #expect(slices.count == 2)
            #expect(!receiveRing.refill())
            slices[0].dropOnOwnerThread()
            #expect(receiveRing.refill())
            slices[1].dropOnOwnerThread()
            for chunk in taken { pool.takeBack(chunk) }
            _ = try ring.cancelAll().compactMap { receiveRing.slice(for: $0) }
        }
    }

    @Test("The end of the stream uses no memory up", arguments: EngineKind.withBuffers)
    func endOfStream(engine: EngineKind, incremental: Bool) throws {
        try withReceiveRing(engine, incremental: incremental, target: 2) { ring, receiveRing, pair in
            pair.write([1, 2, 3])
            try ring.submit(multishot(pair))
            let first = try #require(try ring.completions(1).first)
            let slice = try #require(receiveRing.slice(for: first))
            pair.closeFar()
            let end = try #require(try ring.completions(1).first)
            #expect(end.result == 0)
            #expect(end.isLast)
            #expect(receiveRing.slice(for: end) == nil)
            slice.dropOnOwnerThread()
            // The ring works as before.
            receiveRing.refill()
            let other = try SocketPair()
            other.write([UInt8](repeating: 9, count: 2 * Self.chunkSize))
            try ring.submit(multishot(other))
            var count = 0
            while count < 2 * Self.chunkSize {
                let next = try #require(try ring.completions(1).first)
                if next.error == .noBufferSpace {
                    try ring.submit(multishot(other))
                    continue
                }
                let slice = try #require(receiveRing.slice(for: next))
                let bytes = UnsafeRawBufferPointer(start: slice.start, count: Int(slice.count))
                #expect(bytes.allSatisfy { $0 == 9 })
                count += bytes.count
                slice.dropOnOwnerThread()
                receiveRing.refill()
            }
            _ = try ring.cancelAll()
        }
    }

    @Test("Two groups on one ring do not mix", arguments: EngineKind.tested)
    func twoGroups(engine: EngineKind) throws {
        let ring = try Ring(engine: engine, submissionEntries: 8, completionEntries: 64)
        let first = try ReceiveRing(ring: ring, pool: pool, incremental: false, group: 0, target: 2)
        let second = try ReceiveRing(ring: ring, pool: pool, incremental: false, group: 1, target: 2)
        let pair = try SocketPair()
        for (group, receiveRing) in [first, second].enumerated() {
            pair.write([UInt8(group)])
            try ring.submit(.receiveOnce(descriptor: pair.near, group: receiveRing.group, token: token))
            let completion = try #require(try ring.completions(1).first)
            let slice = try #require(receiveRing.slice(for: completion))
            #expect(slice.start.load(as: UInt8.self) == UInt8(group))
            slice.dropOnOwnerThread()
        }
        first.close()
        second.close()
        #expect(pool.statistics.chunksLent == 0)
        #expect(throws: Never.self) {
            try ReceiveRing(ring: ring, pool: pool, incremental: false, group: 0, target: 2).close()
        }
    }

    private func multishot(_ pair: SocketPair) -> SubmissionEntry {
        .receiveMultishot(descriptor: pair.near, group: 0, limit: 0, expectsDelay: false, token: token)
    }

    /// Runs `body`, and checks that the pool has everything back afterwards.
    private func withReceiveRing(
        _ engine: EngineKind,
        incremental: Bool,
        target: UInt16,
        _ body: (Ring, ReceiveRing, SocketPair) throws -> Void
    ) throws {
        let ring = try Ring(engine: engine, submissionEntries: 8, completionEntries: 64)
        let receiveRing = try ReceiveRing(ring: ring, pool: pool, incremental: incremental, target: target)
        try body(ring, receiveRing, try SocketPair())
        receiveRing.close()
        let statistics = pool.statistics
        #expect(statistics.slicesOut == 0)
        #expect(statistics.chunksLent == 0)
        #expect(statistics.chunksFree == 512)
    }
}
