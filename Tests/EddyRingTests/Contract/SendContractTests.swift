import EddyRing
import EddySystem
import Glibc
import Testing

/// Sending, tested on every engine.
@Suite("contract: send", .timeLimit(.minutes(5)))
struct SendContractTests {
    private let token = OperationToken(kind: 1)
    private static let pattern = patternedBytes(16 << 20)
    private static let simulatedPattern = patternedBytes(1 << 20)

    /// More than the sockets of a connection take.
    private func pattern(_ engine: TestedEngine) -> [UInt8] {
        engine.isSimulated ? Self.simulatedPattern : Self.pattern
    }

    private func send(_ bytes: UnsafeRawBufferPointer, on connection: Connection) -> SubmissionEntry {
        .send(descriptor: connection.near, address: bytes.baseAddress!, byteCount: bytes.count, token: token)
    }

    @Test("A send completes when the peer has made room for all of it", arguments: TestedEngine.all)
    func whole(engine: TestedEngine) throws {
        let world = try World(engine)
        let (ring, connection) = (world.ring, try world.connect())
        let bytes = pattern(engine)
        try bytes.withUnsafeBytes { sent in
            try ring.submit(send(sent, on: connection))
            try ring.enter(waitFor: 0, deadline: nil)
            #expect(ring.nextCompletion() == nil)
            connection.far.startReading(sent.count)
            let completion = try #require(try ring.completions(1).first)
            #expect(Int(completion.result) == sent.count)
            #expect(completion.isLast)
            #expect(try connection.far.received() == bytes)
        }
    }

    @Test("The vectors of a waiting message may be reused", arguments: TestedEngine.all)
    func message(engine: TestedEngine) throws {
        let world = try World(engine)
        let (ring, connection) = (world.ring, try world.connect())
        let bytes = pattern(engine)
        try bytes.withUnsafeBytes { sent in
            let base = UnsafeMutableRawPointer(mutating: sent.baseAddress!)
            // Empty, tiny and large pieces.
            let lengths = [0, 1, sent.count / 4, 0, 100, sent.count / 2, 7, 0]
            var offset = 0
            var vectors = lengths.map { length in
                defer { offset += length }
                return iovec(iov_base: base + offset, iov_len: length)
            }
            try vectors.withUnsafeMutableBufferPointer { vectors in
                var message = msghdr()
                message.msg_iov = vectors.baseAddress
                message.msg_iovlen = vectors.count
                try withUnsafeMutablePointer(to: &message) { message in
                    try ring.submit(.sendMessage(descriptor: connection.near, message: message, token: token))
                    try ring.enter(waitFor: 0, deadline: nil)
                    message.pointee = msghdr()
                }
                vectors.update(repeating: iovec())
            }
            #expect(ring.nextCompletion() == nil)
            connection.far.startReading(offset)
            #expect(try ring.completions(1).map { Int($0.result) } == [offset])
            #expect(try connection.far.received() == Array(bytes[..<offset]))
        }
    }

    @Test("Sending to a peer that is gone fails without a signal", arguments: TestedEngine.all)
    func broken(engine: TestedEngine) throws {
        let world = try World(engine)
        let (ring, connection) = (world.ring, try world.connect())
        let bytes = pattern(engine)
        connection.far.reset()
        try bytes.withUnsafeBytes { sent in
            var errors: [SystemError] = []
            let deadline = ring.now.advanced(by: .seconds(30))
            // Bytes sent before the reset arrives are lost.
            while errors.count < 2, ring.now < deadline {
                try ring.submit(send(.init(rebasing: sent[..<100]), on: connection))
                errors += try ring.completions(1).compactMap(\.error)
            }
            // The reset is reported once; after that the pipe is broken.
            #expect(errors == [.connectionReset, .brokenPipe])
        }
    }

    @Test("A send that breaks reports how much it sent", arguments: TestedEngine.all)
    func breaking(engine: TestedEngine) throws {
        let world = try World(engine)
        let (ring, connection) = (world.ring, try world.connect())
        let bytes = pattern(engine)
        try bytes.withUnsafeBytes { sent in
            try ring.submit(send(sent, on: connection))
            try ring.enter(waitFor: 0, deadline: nil)
            try world.runDelayedEvents()
            connection.far.reset()
            let completion = try #require(try ring.completions(1).first)
            #expect(completion.result > 0)
            #expect(Int(completion.result) < sent.count)
        }
    }

    @Test("A cancelled send reports how much it sent", arguments: TestedEngine.all)
    func cancelled(engine: TestedEngine) throws {
        let world = try World(engine)
        let (ring, connection) = (world.ring, try world.connect())
        let bytes = pattern(engine)
        try bytes.withUnsafeBytes { sent in
            try ring.submit(send(sent, on: connection))
            try ring.enter(waitFor: 0, deadline: nil)
            try world.runDelayedEvents()
            let completion = try #require(try ring.cancelAll().first)
            #expect(completion.isLast)
            try #require(completion.result > 0)
            ring.shutdownWrite(connection.near)
            #expect(try connection.far.read(sent.count) == Array(bytes[..<Int(completion.result)]))
        }
    }

    @Test("A send that found no room and is cancelled has sent nothing", arguments: TestedEngine.all)
    func cancelledAtOnce(engine: TestedEngine) throws {
        let world = try World(engine)
        let (ring, connection) = (world.ring, try world.connect())
        let bytes = pattern(engine)
        try bytes.withUnsafeBytes { sent in
            var last: CompletionEntry?
            var taken = 0
            // Sends until the sockets are full.
            while last?.error == nil {
                try ring.submit(send(.init(rebasing: sent[taken...]), on: connection))
                try ring.enter(waitFor: 0, deadline: nil)
                try world.runDelayedEvents()
                last = try ring.cancelAll().first
                try #require(last != nil)
                taken += max(0, Int(last?.result ?? 0))
            }
            #expect(last?.error == .cancelled)
            ring.shutdownWrite(connection.near)
            #expect(try connection.far.read(sent.count) == Array(bytes[..<taken]))
        }
    }

    @Test(
        "An inline send posts nothing if everything was taken, and otherwise how much was",
        arguments: TestedEngine.all
    )
    func inlineSends(engine: TestedEngine) throws {
        guard engine.features.inlineSends else { return }
        let world = try World(engine)
        let (ring, connection) = (world.ring, try world.connect())
        let bytes = pattern(engine)
        try bytes.withUnsafeBytes { sent in
            func send(_ count: Int) throws -> CompletionEntry? {
                let entry = SubmissionEntry.send(
                    descriptor: connection.near,
                    address: sent.baseAddress!,
                    byteCount: count,
                    token: token
                )
                try ring.submit(entry.endingInline())
                try ring.enter(waitFor: 0, deadline: nil)
                #expect(ring.isDrained)
                return ring.nextCompletion()
            }
            #expect(try send(1000) == nil)
            var expected = Array(bytes[..<1000])
            // Acknowledgements in transit may make room for a little more, several times.
            while case let part = try #require(try send(sent.count)), part.error != .again {
                let taken = Int(part.result)
                try #require((1..<sent.count).contains(taken))
                expected += bytes[..<taken]
            }
            #expect(expected.count > 1000)
            #expect(try connection.far.read(expected.count) == expected)
            connection.far.close()
            // The peer answers the first byte after its close with a reset.
            var error: SystemError?
            let deadline = ring.now.advanced(by: .seconds(30))
            while error == nil, ring.now < deadline {
                try world.runDelayedEvents()
                error = try send(1)?.error
            }
            #expect(error == .brokenPipe || error == .connectionReset)
        }
    }

    @Test("Inline sends of messages post the unsent remainder", arguments: TestedEngine.all)
    func inlineMessages(engine: TestedEngine) throws {
        guard engine.features.inlineSends else { return }
        let world = try World(engine)
        let (ring, connection) = (world.ring, try world.connect())
        let bytes = pattern(engine)
        try bytes.withUnsafeBytes { sent in
            let base = UnsafeMutableRawPointer(mutating: sent.baseAddress!)
            var results: [Int32?] = []
            // Acknowledgements in transit may make room for a little more, several times.
            for length in [10] + Array(repeating: sent.count / 2, count: 100) where results.last != -EAGAIN {
                var vectors = [iovec(iov_base: base, iov_len: length), iovec(iov_base: base + length, iov_len: length)]
                try vectors.withUnsafeMutableBufferPointer { vectors in
                    var message = msghdr()
                    message.msg_iov = vectors.baseAddress
                    message.msg_iovlen = 2
                    try withUnsafeMutablePointer(to: &message) { message in
                        let entry = SubmissionEntry.sendMessage(
                            descriptor: connection.near,
                            message: message,
                            token: token
                        )
                        try ring.submit(entry.endingInline())
                        try ring.enter(waitFor: 0, deadline: nil)
                        #expect(ring.isDrained)
                        results.append(ring.nextCompletion()?.result)
                    }
                }
            }
            #expect(results[0] == nil)
            #expect((1..<Int32(sent.count)).contains(try #require(results[1])))
            #expect(results.last == -EAGAIN)
        }
    }
}
