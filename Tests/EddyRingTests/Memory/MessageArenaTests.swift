import EddyBuffers
import EddyRing
import EddyTestSupport
import Testing

/// Messages of several pieces.
@Suite("ring: message arena", .timeLimit(.minutes(5)))
struct MessageArenaTests {
    private let pool = BufferPool(configuration: .init(receiveChunkSize: 4096))

    @Test("The pieces of several messages arrive in order", arguments: EngineKind.tested)
    func order(engine: EngineKind) throws {
        let arena = MessageArena(messageCapacity: 4, vectorCapacity: 16)
        let ring = try Ring(engine: engine, submissionEntries: 8, completionEntries: 16)
        let pair = try SocketPair()
        let chunk = try #require(pool.allocateReceiveChunk())
        for index in 0..<chunk.capacity {
            chunk.base.storeBytes(of: UInt8(truncatingIfNeeded: index), toByteOffset: index, as: UInt8.self)
        }
        var expected: [UInt8] = []
        for round in 0..<3 {
            // Everything that fits, three times: each `enter` empties the arena.
            for message in 0..<4 {
                let pieces = 1 + message
                #expect(arena.hasRoom(forPieces: pieces) == true)
                let start = arena.startMessage()
                for piece in 0..<pieces {
                    let slice = Slice(chunk: chunk, start: chunk.base + round * 40 + piece * 7, count: 5, capacity: 5)
                    arena.append(slice)
                    expected += UnsafeRawBufferPointer(start: slice.start, count: 5)
                }
                try ring.submit(.sendMessage(descriptor: pair.near, message: start, token: OperationToken(kind: 1)))
            }
            #expect(arena.hasRoom(forPieces: 1) == false)
            #expect(try ring.completions(4).map(\.result) == [5, 10, 15, 20])
            arena.reset()
        }
        #expect(pair.readFar() == expected)
        pool.reclaim(chunk)
    }

    @Test("There is room for as many pieces as there are vectors")
    func room() {
        let arena = MessageArena(messageCapacity: 2, vectorCapacity: 8)
        #expect(arena.hasRoom(forPieces: 8) == true)
        #expect(arena.hasRoom(forPieces: 9) == false)
        _ = arena.startMessage()
        _ = arena.startMessage()
        #expect(arena.hasRoom(forPieces: 1) == false)
        arena.reset()
        #expect(arena.hasRoom(forPieces: 8) == true)
    }
}
