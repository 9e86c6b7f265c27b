import EddyBuffers
import EddyRing
import EddySystem
import Testing

/// Receiving, tested on every engine. See also `ReceiveRingTests`.
@Suite("contract: receive", .timeLimit(.minutes(5)))
struct ReceiveContractTests {
    private let token = OperationToken(kind: 1)

    /// A ring with chunks of 4 KiB, and a connection.
    private final class Receiver {
        let world: World
        var ring: Ring { world.ring }
        let pool = BufferPool(configuration: .init(receiveChunkSize: 4096, maximumBytes: 2 << 20))
        let receiveRing: ReceiveRing
        var connection: Connection

        init(_ engine: TestedEngine, incremental: Bool, completionEntries: UInt32 = 64, target: UInt16 = 8) throws {
            world = try World(engine, completionEntries: completionEntries)
            receiveRing = try ReceiveRing(ring: world.ring, pool: pool, incremental: incremental, target: target)
            connection = try world.connect()
        }

        deinit {
            receiveRing.close()
            pool.close()
        }

        /// Receives from its connection, or from another descriptor.
        func multishot(
            _ descriptor: Int32? = nil,
            limit: UInt32 = 0,
            expectsDelay: Bool = false,
            token: OperationToken
        ) -> SubmissionEntry {
            .receiveMultishot(
                descriptor: descriptor ?? connection.near,
                group: 0,
                limit: limit,
                expectsDelay: expectsDelay,
                token: token
            )
        }

        /// The bytes of a completion, whose memory is then returned.
        func bytes(_ completion: CompletionEntry) -> [UInt8] {
            guard let slice = receiveRing.slice(for: completion) else { return [] }
            defer {
                slice.dropOnOwnerThread()
                receiveRing.refill()
            }
            return Array(UnsafeRawBufferPointer(start: slice.start, count: Int(slice.count)))
        }

        /// Receives `count` bytes with an entry that is submitted again when it has ended.
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

    @Test("Bytes after urgent data arrive without waiting for more", arguments: TestedEngine.realWithBuffers)
    func urgent(engine: TestedEngine, incremental: Bool) throws {
        let receiver = try Receiver(engine, incremental: incremental)
        let far = try #require(receiver.connection.far as? SystemFarEnd)
        far.write([1, 2, 3])
        far.writeUrgent(4)
        far.write([5, 6])
        #expect(try receiver.receive(5, with: receiver.multishot(token: token)) == [1, 2, 3, 5, 6])
    }

    @Test("All bytes arrive once and in order", arguments: TestedEngine.withBuffers, [true, false])
    func order(with: (engine: TestedEngine, incremental: Bool), multishot: Bool) throws {
        let receiver = try Receiver(with.engine, incremental: with.incremental)
        receiver.connection.far.write(pattern)
        let entry =
            multishot
            ? receiver.multishot(token: token)
            : .receiveOnce(descriptor: receiver.connection.near, group: 0, token: token)
        #expect(try receiver.receive(pattern.count, with: entry) == pattern)
        _ = try receiver.ring.cancelAll()
    }

    @Test("All bytes arrive even if the completion queue is too small", arguments: TestedEngine.withBuffers)
    func fewCompletions(engine: TestedEngine, incremental: Bool) throws {
        let receiver = try Receiver(engine, incremental: incremental, completionEntries: 16)
        receiver.connection.far.write(pattern)
        #expect(try receiver.receive(pattern.count, with: receiver.multishot(token: token)) == pattern)
        _ = try receiver.ring.cancelAll()
    }

    @Test(
        "The end of the stream comes after the bytes before it, and is last",
        arguments: TestedEngine.withBuffers
    )
    func endBehindBytes(engine: TestedEngine, incremental: Bool) throws {
        for armedFirst in [true, false] {
            let receiver = try Receiver(engine, incremental: incremental)
            if armedFirst {
                try receiver.ring.submit(receiver.multishot(token: token))
                try receiver.ring.enter(waitFor: 0, deadline: nil)
            }
            receiver.connection.far.write([1, 2, 3])
            receiver.connection.far.close()
            try receiver.world.runDelayedEvents()
            if !armedFirst { try receiver.ring.submit(receiver.multishot(expectsDelay: true, token: token)) }
            var received: [UInt8] = []
            var last: CompletionEntry?
            while last == nil {
                let completion = try #require(try receiver.ring.completions(1).first)
                received += receiver.bytes(completion)
                if completion.isLast { last = completion }
            }
            #expect(received == [1, 2, 3])
            #expect(last?.result == 0)
            #expect(try receiver.ring.cancelAll().isEmpty)
        }
    }

    @Test("A reset is an error and the last completion", arguments: TestedEngine.withBuffers)
    func reset(engine: TestedEngine, incremental: Bool) throws {
        let receiver = try Receiver(engine, incremental: incremental)
        try receiver.ring.submit(receiver.multishot(token: token))
        try receiver.ring.enter(waitFor: 0, deadline: nil)
        receiver.connection.far.reset()
        let completion = try #require(try receiver.ring.completions(1).first)
        #expect(completion.error == .connectionReset)
        #expect(completion.isLast)
        #expect(try receiver.ring.cancelAll().isEmpty)
    }

    @Test("Cancelling a receive loses no bytes", arguments: TestedEngine.withBuffers)
    func cancelled(engine: TestedEngine, incremental: Bool) throws {
        let receiver = try Receiver(engine, incremental: incremental)
        var received: [UInt8] = []
        for round in 0..<50 {
            try receiver.ring.submit(receiver.multishot(token: token))
            if round % 2 == 0 { try receiver.ring.enter(waitFor: 0, deadline: nil) }
            receiver.connection.far.write([UInt8(round)])
            let completions = try receiver.ring.cancelAll()
            received += completions.flatMap { receiver.bytes($0) }
            #expect(completions.last?.isLast == true)
            #expect(completions.dropLast().allSatisfy { !$0.isLast })
        }
        let missing = 50 - received.count
        if missing > 0 { received += try receiver.receive(missing, with: receiver.multishot(token: token)) }
        #expect(received == (0..<50).map { UInt8($0) })
        _ = try receiver.ring.cancelAll()
    }

    @Test(
        "The receive that reaches its limit is the last, and the rest stays in the socket",
        arguments: TestedEngine.withBuffers
    )
    func limit(engine: TestedEngine, incremental: Bool) throws {
        guard engine.features.receiveLimits else { return }
        let receiver = try Receiver(engine, incremental: incremental)
        receiver.connection.far.write(Array(pattern[..<(100 << 10)]))
        try receiver.ring.submit(receiver.multishot(limit: 10_000, token: token))
        var received: [UInt8] = []
        var last = false
        while !last {
            let completion = try #require(try receiver.ring.completions(1).first)
            #expect(received.count < 10_000)
            #expect(completion.result > 0)
            received += receiver.bytes(completion)
            last = completion.isLast
        }
        #expect((10_000..<10_000 + 4096).contains(received.count))
        #expect(try receiver.ring.cancelAll().isEmpty)
        received += try receiver.receive((100 << 10) - received.count, with: receiver.multishot(token: token))
        #expect(received.elementsEqual(pattern[..<(100 << 10)]))
        _ = try receiver.ring.cancelAll()
    }

    @Test("A descriptor's number may be reused for another file", arguments: TestedEngine.withBuffers)
    func reusedNumber(engine: TestedEngine, incremental: Bool) throws {
        let receiver = try Receiver(engine, incremental: incremental)
        var numbers: Set<Int32> = []
        for round in UInt8(0)..<10 {
            numbers.insert(receiver.connection.near)
            let entry = receiver.multishot(token: token)
            try receiver.ring.submit(entry)
            try receiver.ring.enter(waitFor: 0, deadline: nil)
            receiver.connection.far.write([round])
            let completion = try #require(try receiver.ring.completions(1).first)
            #expect(receiver.bytes(completion) == [round])
            #expect(try receiver.ring.cancelAll().map(\.error) == [.cancelled])
            receiver.connection.closeNear()
            receiver.connection = try receiver.world.connect()
        }
        #expect(numbers.count < 10)
    }

    @Test("A flood on one connection does not keep others from receiving", arguments: TestedEngine.withBuffers)
    func fairness(engine: TestedEngine, incremental: Bool) throws {
        // Enough chunks for a flood to take all of its bytes at once.
        let receiver = try Receiver(engine, incremental: incremental, completionEntries: 1024, target: 256)
        let quiet = try receiver.world.connect()
        let other = OperationToken(kind: 2)
        try receiver.ring.submit(receiver.multishot(token: token))
        try receiver.ring.submit(receiver.multishot(quiet.near, token: other))
        try receiver.ring.enter(waitFor: 0, deadline: nil)
        receiver.connection.far.write(pattern)
        quiet.far.write([7])
        var flooded = 0
        var floodedBefore: Int?
        while floodedBefore == nil || flooded < pattern.count {
            let completion = try #require(try receiver.ring.completions(1).first)
            let bytes = receiver.bytes(completion)
            if completion.token == other {
                if bytes == [7] { floodedBefore = flooded }
            } else {
                flooded += bytes.count
            }
            if completion.isLast {
                try receiver.ring.submit(
                    completion.token == token
                        ? receiver.multishot(token: token) : receiver.multishot(quiet.near, token: other)
                )
            }
        }
        // An old kernel also receives between two calls of `enter`: the flood, before the quiet peer has written.
        if receiver.ring.defersTaskWork { #expect(try #require(floodedBefore) < pattern.count / 2) }
        _ = try receiver.ring.cancelAll()
    }
}
