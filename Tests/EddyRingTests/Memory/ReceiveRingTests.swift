import EddyBuffers
import EddyRing
import EddySystem
import Testing

/// Receives into chunks of the pool, on every engine.
@Suite("ring: receiving into the pool", .timeLimit(.minutes(5)))
struct ReceiveRingTests {
    /// Chunks of one page: 512 of them in a slab.
    private static let chunkSize = 4096
    private let pool = BufferPool(configuration: .init(receiveChunkSize: chunkSize, maximumBytes: 2 << 20))
    private let token = OperationToken(kind: 1)

    @Test("The slices contain the sent bytes, for any sizes", arguments: TestedEngine.faultlessWithBuffers)
    func content(engine: TestedEngine, incremental: Bool) throws {
        try withReceiveRing(engine, incremental: incremental, target: 4) { world, receiveRing, connection in
            for count in [1, 100, 4000, 4096, 5000, 7, 8192, 1] {
                let sent = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ count) }
                connection.far.write(sent)
                var received: [UInt8] = []
                while received.count < count {
                    try world.ring.submit(.receiveOnce(descriptor: connection.near, group: 0, token: token))
                    let completion = try #require(try world.ring.completions(1).first)
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

    @Test("A ring that was taken back can be provided again", arguments: TestedEngine.faultlessWithBuffers)
    func again(engine: TestedEngine, incremental: Bool) throws {
        try withReceiveRing(engine, incremental: incremental, target: 4) { world, receiveRing, connection in
            func receive() throws -> CompletionEntry {
                try world.ring.submit(.receiveOnce(descriptor: connection.near, group: 0, token: token))
                return try world.ring.completions(1)[0]
            }
            for value in UInt8(1)...7 {
                receiveRing.close()
                #expect(!receiveRing.hasChunks)
                connection.far.write([value])
                #expect(try receive().error == .noBufferSpace)
                #expect(receiveRing.refill())
                let completion = try receive()
                let slice = try #require(receiveRing.slice(for: completion))
                #expect(slice.start.load(as: UInt8.self) == value)
                slice.dropOnOwnerThread()
            }
        }
    }

    @Test(
        "Small receives follow each other in one chunk, or take one each",
        arguments: TestedEngine.faultlessWithBuffers
    )
    func packing(engine: TestedEngine, incremental: Bool) throws {
        try withReceiveRing(engine, incremental: incremental, target: 8) { world, receiveRing, connection in
            try world.ring.submit(multishot(connection))
            var slices: [Slice] = []
            for number in 0..<UInt8(6) {
                connection.far.write([number, number])
                let completion = try #require(try world.ring.completions(1).first)
                slices.append(try #require(receiveRing.slice(for: completion)))
            }
            for (number, slice) in slices.enumerated() {
                #expect(slice.start.load(as: UInt8.self) == UInt8(number))
                #expect((slice.chunk == slices[0].chunk) == (incremental || number == 0))
            }
            if incremental { #expect(slices[1].start == slices[0].end) }
            for slice in slices { slice.dropOnOwnerThread() }
            let end = try world.ring.cancelAll()
            #expect(end.last?.error == .cancelled)
        }
    }

    @Test(
        "Held slices keep their bytes while the ring wraps around many times",
        arguments: TestedEngine.faultlessWithBuffers
    )
    func heldSlices(engine: TestedEngine, incremental: Bool) throws {
        try withReceiveRing(engine, incremental: incremental, target: 4) { world, receiveRing, connection in
            try world.ring.submit(multishot(connection))
            var held: [(slice: Slice, value: UInt8)] = []
            // Four times as many bytes as the pool has.
            for round in 0..<2048 {
                let value = UInt8(truncatingIfNeeded: round)
                connection.far.write([UInt8](repeating: value, count: Self.chunkSize))
                var left = Self.chunkSize
                while left > 0 {
                    let completion = try #require(try world.ring.completions(1).first)
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
            _ = try world.ring.cancelAll()
        }
    }

    @Test(
        "Without chunks a receive fails, and resumes once there are some",
        arguments: TestedEngine.faultlessWithBuffers
    )
    func starvation(engine: TestedEngine, incremental: Bool) throws {
        try withReceiveRing(engine, incremental: incremental, target: 2) { world, receiveRing, connection in
            try world.ring.submit(multishot(connection))
            connection.far.write([UInt8](repeating: 1, count: 3 * Self.chunkSize))
            let completions = try world.ring.completions(3)
            let slices = completions.compactMap { receiveRing.slice(for: $0) }
            #expect(slices.count == 2)
            #expect(completions.last?.error == .noBufferSpace)
            #expect(completions.last?.isLast == true)
            #expect(!receiveRing.hasChunks)
            receiveRing.noteBufferShortage()
            #expect(receiveRing.starvations == 1)
            #expect(receiveRing.refill())
            try world.ring.submit(multishot(connection))
            let last = try #require(try world.ring.completions(1).first)
            let slice = try #require(receiveRing.slice(for: last))
            #expect(slice.count == UInt32(Self.chunkSize))
            for slice in slices + [slice] { slice.dropOnOwnerThread() }
            _ = try world.ring.cancelAll()
        }
    }

    @Test(
        "If all chunks are held, nothing is refilled until one is returned",
        arguments: TestedEngine.faultlessWithBuffers
    )
    func poolAtItsLimit(engine: TestedEngine, incremental: Bool) throws {
        try withReceiveRing(engine, incremental: incremental, target: 2) { world, receiveRing, connection in
            var taken: [Chunk] = []
            while let chunk = pool.allocateReceiveChunk() { taken.append(chunk) }
            #expect(taken.count == 510)
            connection.far.write([UInt8](repeating: 1, count: 2 * Self.chunkSize))
            try world.ring.submit(multishot(connection))
            let slices = try world.ring.completions(2).compactMap { receiveRing.slice(for: $0) }
            #expect(slices.count == 2)
            #expect(!receiveRing.refill())
            slices[0].dropOnOwnerThread()
            #expect(receiveRing.refill())
            slices[1].dropOnOwnerThread()
            for chunk in taken { pool.reclaim(chunk) }
            _ = try world.ring.cancelAll().compactMap { receiveRing.slice(for: $0) }
        }
    }

    @Test("The end of the stream uses no memory", arguments: TestedEngine.faultlessWithBuffers)
    func endOfStream(engine: TestedEngine, incremental: Bool) throws {
        try withReceiveRing(engine, incremental: incremental, target: 2) { world, receiveRing, connection in
            connection.far.write([1, 2, 3])
            try world.ring.submit(multishot(connection))
            let first = try #require(try world.ring.completions(1).first)
            let slice = try #require(receiveRing.slice(for: first))
            connection.far.close()
            let end = try #require(try world.ring.completions(1).first)
            #expect(end.result == 0)
            #expect(end.isLast)
            #expect(receiveRing.slice(for: end) == nil)
            slice.dropOnOwnerThread()
            // The ring works as before.
            receiveRing.refill()
            let other = try world.connect()
            other.far.write([UInt8](repeating: 9, count: 2 * Self.chunkSize))
            try world.ring.submit(multishot(other))
            var count = 0
            while count < 2 * Self.chunkSize {
                let next = try #require(try world.ring.completions(1).first)
                if next.error == .noBufferSpace {
                    try world.ring.submit(multishot(other))
                    continue
                }
                let slice = try #require(receiveRing.slice(for: next))
                let bytes = UnsafeRawBufferPointer(start: slice.start, count: Int(slice.count))
                #expect(bytes.allSatisfy { $0 == 9 })
                count += bytes.count
                slice.dropOnOwnerThread()
                receiveRing.refill()
            }
            _ = try world.ring.cancelAll()
        }
    }

    @Test("Two groups on one ring do not mix", arguments: TestedEngine.faultless)
    func twoGroups(engine: TestedEngine) throws {
        let world = try World(engine, completionEntries: 64)
        let first = try ReceiveRing(ring: world.ring, pool: pool, incremental: false, group: 0, target: 2)
        let second = try ReceiveRing(ring: world.ring, pool: pool, incremental: false, group: 1, target: 2)
        let connection = try world.connect()
        for (group, receiveRing) in [first, second].enumerated() {
            connection.far.write([UInt8(group)])
            try world.ring.submit(.receiveOnce(descriptor: connection.near, group: receiveRing.group, token: token))
            let completion = try #require(try world.ring.completions(1).first)
            let slice = try #require(receiveRing.slice(for: completion))
            #expect(slice.start.load(as: UInt8.self) == UInt8(group))
            slice.dropOnOwnerThread()
        }
        first.close()
        second.close()
        #expect(pool.statistics.chunksFilling == 0)
        #expect(throws: Never.self) {
            try ReceiveRing(ring: world.ring, pool: pool, incremental: false, group: 0, target: 2).close()
        }
    }

    private func multishot(_ connection: Connection) -> SubmissionEntry {
        .receiveMultishot(descriptor: connection.near, group: 0, limit: 0, expectsDelay: false, token: token)
    }

    /// Runs `body`, and checks that everything is returned to the pool afterwards.
    private func withReceiveRing(
        _ engine: TestedEngine,
        incremental: Bool,
        target: UInt16,
        _ body: (World, ReceiveRing, Connection) throws -> Void
    ) throws {
        let world = try World(engine, completionEntries: 64)
        let receiveRing = try ReceiveRing(ring: world.ring, pool: pool, incremental: incremental, target: target)
        try body(world, receiveRing, try world.connect())
        receiveRing.close()
        let statistics = pool.statistics
        #expect(statistics.slicesOut == 0)
        #expect(statistics.chunksFilling == 0)
        #expect(statistics.chunksFree == 512)
    }
}
