import EddyBuffers
import EddyRing
import Glibc
import Testing

/// Receiving, as every engine does it. See also `ReceiveRingTests`.
@Suite("contract: receive", .timeLimit(.minutes(1)))
struct ReceiveContractTests {
    private let token = OperationToken(kind: 1)

    /// A ring with chunks of 4 KiB and a pair of sockets.
    private final class World {
        let ring: Ring
        let pool = BufferPool(configuration: .init(receiveChunkSize: 4096, maximumBytes: 2 << 20))
        let receiveRing: ReceiveRing
        var pair: TCPPair

        init(_ engine: EngineKind, incremental: Bool, completionEntries: UInt32 = 64) throws {
            ring = try Ring(engine: engine, submissionEntries: 8, completionEntries: completionEntries)
            receiveRing = try ReceiveRing(ring: ring, pool: pool, incremental: incremental, target: 8)
            pair = try TCPPair()
        }

        deinit {
            receiveRing.close()
            pool.close()
        }

        func multishot(limit: UInt32 = 0, expectsDelay: Bool = false, token: OperationToken) -> SubmissionEntry {
            .receiveMultishot(
                descriptor: pair.near,
                group: 0,
                limit: limit,
                expectsDelay: expectsDelay,
                token: token
            )
        }

        /// The bytes of a completion; their memory is given back.
        func bytes(_ completion: CompletionEntry) -> [UInt8] {
            guard let slice = receiveRing.slice(for: completion) else { return [] }
            defer {
                slice.dropOnOwnerThread()
                receiveRing.refill()
            }
            return Array(UnsafeRawBufferPointer(start: slice.start, count: Int(slice.count)))
        }

        /// Receives until `count` bytes are there, with an entry that is submitted again when it has ended.
        func receive(_ count: Int, with entry: SubmissionEntry) throws -> [UInt8] {
            var all: [UInt8] = []
            try ring.submit(entry)
            while all.count < count {
                let completion = try #require(try ring.completions(1).first)
                all += bytes(completion)
                if completion.isLast {
                    guard completion.result > 0 || completion.error == .noBufferSpace else { break }
                    receiveRing.refill()
                    if all.count < count { try ring.submit(entry) }
                }
            }
            return all
        }
    }

    private static let bytes = patternedBytes(3 << 20)
    private var pattern: [UInt8] { Self.bytes }

    @Test("All bytes come once and in order", arguments: EngineKind.withBuffers, [true, false])
    func order(with: (engine: EngineKind, incremental: Bool), multishot: Bool) throws {
        let world = try World(with.engine, incremental: with.incremental)
        let writer = Writer(world.pair, pattern)
        let entry =
            multishot
            ? world.multishot(token: token) : .receiveOnce(descriptor: world.pair.near, group: 0, token: token)
        #expect(try world.receive(pattern.count, with: entry) == pattern)
        writer.join()
        _ = try world.ring.cancelAll()
    }

    @Test("All bytes come though the queue of completions is too small", arguments: EngineKind.withBuffers)
    func fewCompletions(engine: EngineKind, incremental: Bool) throws {
        let world = try World(engine, incremental: incremental, completionEntries: 16)
        let writer = Writer(world.pair, pattern)
        #expect(try world.receive(pattern.count, with: world.multishot(token: token)) == pattern)
        writer.join()
        _ = try world.ring.cancelAll()
    }

    @Test("The end of the stream comes behind the bytes before it, and is the last", arguments: EngineKind.withBuffers)
    func endBehindBytes(engine: EngineKind, incremental: Bool) throws {
        for armedFirst in [true, false] {
            let world = try World(engine, incremental: incremental)
            if armedFirst {
                try world.ring.submit(world.multishot(token: token))
                try world.ring.enter(waitFor: 0, deadline: nil)
            }
            world.pair.write([1, 2, 3])
            world.pair.closeFar()
            usleep(1000)
            if !armedFirst { try world.ring.submit(world.multishot(expectsDelay: true, token: token)) }
            let completions = try world.ring.completions(2)
            #expect(completions.map(\.result) == [3, 0])
            #expect(completions.map(\.isLast) == [false, true])
            #expect(completions.map { world.bytes($0) } == [[1, 2, 3], []])
            #expect(try world.ring.cancelAll().isEmpty)
        }
    }

    @Test("A reset is an error behind which nothing comes", arguments: EngineKind.withBuffers)
    func reset(engine: EngineKind, incremental: Bool) throws {
        let world = try World(engine, incremental: incremental)
        try world.ring.submit(world.multishot(token: token))
        try world.ring.enter(waitFor: 0, deadline: nil)
        world.pair.resetFar()
        let completion = try #require(try world.ring.completions(1).first)
        #expect(completion.error == .connectionReset)
        #expect(completion.isLast)
        #expect(try world.ring.cancelAll().isEmpty)
    }

    @Test("A receive that is cancelled loses nothing", arguments: EngineKind.withBuffers)
    func cancelled(engine: EngineKind, incremental: Bool) throws {
        let world = try World(engine, incremental: incremental)
        var received: [UInt8] = []
        for round in 0..<50 {
            try world.ring.submit(world.multishot(token: token))
            if round % 2 == 0 { try world.ring.enter(waitFor: 0, deadline: nil) }
            world.pair.write([UInt8(round)])
            let completions = try world.ring.cancelAll()
            received += completions.flatMap { world.bytes($0) }
            #expect(completions.last?.isLast == true)
            #expect(completions.dropLast().allSatisfy { !$0.isLast })
        }
        let missing = 50 - received.count
        if missing > 0 { received += try world.receive(missing, with: world.multishot(token: token)) }
        #expect(received == (0..<50).map { UInt8($0) })
        _ = try world.ring.cancelAll()
    }

    @Test(
        "The receive that reaches the limit is the last; the rest stays in the socket",
        arguments: EngineKind.withBuffers
    )
    func limit(engine: EngineKind, incremental: Bool) throws {
        guard engine.features.receiveLimits else { return }
        let world = try World(engine, incremental: incremental)
        let writer = Writer(world.pair, Array(pattern[..<(100 << 10)]))
        writer.join()
        try world.ring.submit(world.multishot(limit: 10_000, token: token))
        var received: [UInt8] = []
        var last = false
        while !last {
            let completion = try #require(try world.ring.completions(1).first)
            #expect(received.count < 10_000)
            #expect(completion.result > 0)
            received += world.bytes(completion)
            last = completion.isLast
        }
        #expect((10_000..<10_000 + 4096).contains(received.count))
        #expect(try world.ring.cancelAll().isEmpty)
        received += try world.receive((100 << 10) - received.count, with: world.multishot(token: token))
        #expect(received.elementsEqual(pattern[..<(100 << 10)]))
        _ = try world.ring.cancelAll()
    }

    @Test("A descriptor's number may be given to another file", arguments: EngineKind.withBuffers)
    func reusedNumber(engine: EngineKind, incremental: Bool) throws {
        let world = try World(engine, incremental: incremental)
        var numbers: Set<Int32> = []
        for round in UInt8(0)..<10 {
            numbers.insert(world.pair.near)
            let entry = world.multishot(token: token)
            try world.ring.submit(entry)
            try world.ring.enter(waitFor: 0, deadline: nil)
            world.pair.write([round])
            let completion = try #require(try world.ring.completions(1).first)
            #expect(world.bytes(completion) == [round])
            #expect(try world.ring.cancelAll().map(\.error) == [.cancelled])
            world.pair = try TCPPair()
        }
        #expect(numbers.count < 10)
    }

    @Test("Who floods does not keep others from their bytes", arguments: EngineKind.withBuffers)
    func fairness(engine: EngineKind, incremental: Bool) throws {
        let world = try World(engine, incremental: incremental, completionEntries: 256)
        let quiet = try TCPPair()
        let other = OperationToken(kind: 2)
        try world.ring.submit(world.multishot(token: token))
        try world.ring.submit(
            .receiveMultishot(descriptor: quiet.near, group: 0, limit: 0, expectsDelay: false, token: other)
        )
        try world.ring.enter(waitFor: 0, deadline: nil)
        let writer = Writer(world.pair, pattern)
        quiet.write([7])
        var flooded = 0
        var served = false
        while !served || flooded < pattern.count {
            let completion = try #require(try world.ring.completions(1).first)
            let bytes = world.bytes(completion)
            if completion.token == other {
                served = served || bytes == [7]
            } else {
                flooded += bytes.count
            }
            if completion.isLast {
                let entry = world.multishot(token: token)
                try world.ring.submit(
                    completion.token == token
                        ? entry
                        : .receiveMultishot(
                            descriptor: quiet.near,
                            group: 0,
                            limit: 0,
                            expectsDelay: false,
                            token: other
                        )
                )
            }
        }
        #expect(served)
        writer.join()
        _ = try world.ring.cancelAll()
    }
}

/// Writes to the far side of a pair on a thread of its own.
private final class Writer: @unchecked Sendable {
    private var thread = pthread_t()
    private let pair: TCPPair
    private let bytes: [UInt8]

    init(_ pair: TCPPair, _ bytes: [UInt8]) {
        self.pair = pair
        self.bytes = bytes
        pthread_create(
            &thread,
            nil,
            { context in
                let writer = Unmanaged<Writer>.fromOpaque(context!).takeUnretainedValue()
                writer.pair.write(writer.bytes)
                return nil
            },
            Unmanaged.passUnretained(self).toOpaque()
        )
    }

    func join() { pthread_join(thread, nil) }
}
