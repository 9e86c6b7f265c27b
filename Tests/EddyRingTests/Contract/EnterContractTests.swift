import EddyRing
import EddySystem
import Testing

/// Submitting, entering and reading completions, tested on every engine. See also `RingTests`.
@Suite("contract: enter", .timeLimit(.minutes(5)))
struct EnterContractTests {
    /// Submits a send of each byte, with its position as token.
    private func submitOneByOne(_ bytes: UnsafeRawBufferPointer, from connection: Connection, to ring: Ring) throws {
        for index in bytes.indices {
            let address = bytes.baseAddress! + index
            try ring.submit(.send(descriptor: connection.near, address: address, byteCount: 1, token: token(index)))
        }
    }

    @Test(
        "More submissions than the queue holds are all taken and completed in order",
        arguments: TestedEngine.all
    )
    func moreThanTheQueueHolds(engine: TestedEngine) throws {
        let world = try World(engine, submissionEntries: 4, completionEntries: 256)
        let (ring, connection) = (world.ring, try world.connect())
        let bytes: [UInt8] = Array(0..<100)
        try bytes.withUnsafeBytes { bytes in
            try submitOneByOne(bytes, from: connection, to: ring)
            let completions = try ring.completions(100)
            #expect(completions.map(\.token) == (0..<100).map(token))
            #expect(completions.allSatisfy { $0.result == 1 && $0.isLast })
        }
        #expect(try connection.far.read(bytes.count) == bytes)
        #expect(ring.nextCompletion() == nil)
        #expect(ring.isDrained)
        #expect(ring.statistics.submissions == 100)
        #expect(ring.statistics.completions == 100)
        #expect(ring.statistics.overflows == 0)
    }

    @Test("Completions that do not fit wait, and none is lost", arguments: TestedEngine.all)
    func completionOverflow(engine: TestedEngine) throws {
        let world = try World(engine)
        let (ring, connection) = (world.ring, try world.connect())
        let bytes: [UInt8] = Array(0..<200)
        try bytes.withUnsafeBytes { bytes in
            try submitOneByOne(bytes, from: connection, to: ring)
            #expect(try ring.completions(200).map(\.token) == (0..<200).map(token))
        }
        // If there is no room, epoll does nothing; the other engines keep what does not fit.
        #expect((ring.statistics.overflows > 0) == (engine.kind != .epoll))
        #expect(ring.statistics.completions == 200)
        #expect(ring.isDrained)
        #expect(try connection.far.read(bytes.count) == bytes)
    }

    @Test("Entering without submissions and without waiting returns at once", arguments: TestedEngine.all)
    func nothing(engine: TestedEngine) throws {
        let world = try World(engine)
        let ring = world.ring
        try ring.enter(waitFor: 0, deadline: nil)
        #expect(ring.nextCompletion() == nil)
        #expect(ring.isDrained)
    }

    /// More than occur in 5 ms, and fewer than the calls of a ring that does not wait.
    private static let manyInterruptions = 500

    @Test("A deadline ends the wait", arguments: TestedEngine.all, [UInt64(0), 1, 5_000_000])
    func deadlines(engine: TestedEngine, nanoseconds: UInt64) throws {
        let world = try World(engine)
        let ring = world.ring
        let deadline = ring.now.advanced(byNanoseconds: nanoseconds)
        var interruptions = 0
        try ring.enter(waitFor: 1, deadline: nanoseconds == 0 ? .distantPast : deadline)
        // Anything that interrupts a system call ends a wait, for example the end of another test's ring on this
        // thread.
        while nanoseconds > 0, ring.now < deadline, interruptions < Self.manyInterruptions {
            interruptions += 1
            try ring.enter(waitFor: 1, deadline: deadline)
        }
        #expect(ring.nextCompletion() == nil)
        #expect(interruptions < Self.manyInterruptions)
    }

    @Test("Waits for as many completions as requested", arguments: TestedEngine.all)
    func several(engine: TestedEngine) throws {
        let world = try World(engine, submissionEntries: 2)
        let (ring, connection) = (world.ring, try world.connect())
        let bytes: [UInt8] = [1, 2, 3]
        try bytes.withUnsafeBytes { bytes in
            // The queue holds two, so the third submission enters implicitly.
            try submitOneByOne(bytes, from: connection, to: ring)
            var completions: [CompletionEntry] = []
            // More than once, since anything that interrupts a system call ends a wait.
            while completions.count < 3 {
                try ring.enter(waitFor: UInt32(3 - completions.count), deadline: .distantFuture)
                while let completion = ring.nextCompletion() { completions.append(completion) }
            }
            #expect(completions.map(\.token) == (0..<3).map(token))
        }
    }

    @Test("A deadline in the past still submits what is queued", arguments: TestedEngine.all)
    func pastDeadline(engine: TestedEngine) throws {
        let world = try World(engine)
        let (ring, connection) = (world.ring, try world.connect())
        let bytes: [UInt8] = [1]
        try bytes.withUnsafeBytes { bytes in
            try submitOneByOne(bytes, from: connection, to: ring)
            try ring.enter(waitFor: 2, deadline: .distantPast)
            #expect(ring.isDrained)
            #expect(try ring.completions(1).map(\.result) == [1])
        }
    }

    @Test("The maximum time is a valid deadline", arguments: TestedEngine.all)
    func endOfTime(engine: TestedEngine) throws {
        let world = try World(engine)
        let (ring, connection) = (world.ring, try world.connect())
        let bytes: [UInt8] = [1]
        try bytes.withUnsafeBytes { bytes in
            try submitOneByOne(bytes, from: connection, to: ring)
            try ring.enter(waitFor: 1, deadline: .distantFuture)
        }
        #expect(ring.nextCompletion()?.result == 1)
    }
}
