import EddyRing
import Glibc
import Testing

/// Sending, as every engine does it.
@Suite("contract: send", .timeLimit(.minutes(1)))
struct SendContractTests {
    private let token = OperationToken(kind: 1)
    /// More than sockets take at once.
    private static let pattern = patternedBytes(16 << 20)
    private var bytes: [UInt8] { Self.pattern }

    private func send(_ bytes: UnsafeRawBufferPointer, on pair: TCPPair) -> SubmissionEntry {
        .send(descriptor: pair.near, address: bytes.baseAddress!, byteCount: bytes.count, token: token)
    }

    @Test("A send ends when the peer has made room for all of it", arguments: EngineKind.tested)
    func whole(engine: EngineKind) throws {
        let ring = try Ring(engine: engine, submissionEntries: 4, completionEntries: 8)
        let pair = try TCPPair()
        try bytes.withUnsafeBytes { sent in
            try ring.submit(send(sent, on: pair))
            try ring.enter(waitFor: 0, deadline: nil)
            #expect(ring.nextCompletion() == nil)
            let reader = Reader(pair, count: sent.count)
            let completion = try #require(try ring.completions(1).first)
            #expect(Int(completion.result) == sent.count)
            #expect(completion.isLast)
            #expect(reader.bytes() == bytes)
        }
    }

    @Test("The vectors of a message that waits may be used for something else", arguments: EngineKind.tested)
    func message(engine: EngineKind) throws {
        let ring = try Ring(engine: engine, submissionEntries: 4, completionEntries: 8)
        let pair = try TCPPair()
        try bytes.withUnsafeBytes { sent in
            let base = UnsafeMutableRawPointer(mutating: sent.baseAddress!)
            // Empty pieces, tiny pieces and large ones.
            let lengths = [0, 1, 5 << 20, 0, 100, 8 << 20, 7, 0]
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
                    try ring.submit(.sendMessage(descriptor: pair.near, message: message, token: token))
                    try ring.enter(waitFor: 0, deadline: nil)
                    message.pointee = msghdr()
                }
                vectors.update(repeating: iovec())
            }
            #expect(ring.nextCompletion() == nil)
            let reader = Reader(pair, count: offset)
            #expect(try ring.completions(1).map { Int($0.result) } == [offset])
            #expect(reader.bytes().elementsEqual(sent[..<offset]))
        }
    }

    @Test("To a peer that is gone nothing can be sent, and no signal comes", arguments: EngineKind.tested)
    func broken(engine: EngineKind) throws {
        let ring = try Ring(engine: engine, submissionEntries: 4, completionEntries: 8)
        let pair = try TCPPair()
        pair.resetFar()
        try bytes.withUnsafeBytes { sent in
            var errors: [SystemError?] = []
            for _ in 0..<2 {
                try ring.submit(send(.init(rebasing: sent[..<100]), on: pair))
                errors += try ring.completions(1).map(\.error)
            }
            // The reset is told once; then the pipe is broken.
            #expect(errors == [.connectionReset, .brokenPipe])
        }
    }

    @Test("One that breaks on its way says how much it sent", arguments: EngineKind.tested)
    func breaking(engine: EngineKind) throws {
        let ring = try Ring(engine: engine, submissionEntries: 4, completionEntries: 8)
        let pair = try TCPPair()
        try bytes.withUnsafeBytes { sent in
            try ring.submit(send(sent, on: pair))
            try ring.enter(waitFor: 0, deadline: nil)
            pair.resetFar()
            let completion = try #require(try ring.completions(1).first)
            #expect(completion.result > 0)
            #expect(Int(completion.result) < sent.count)
        }
    }

    @Test("One that is cancelled says how much it sent", arguments: EngineKind.tested)
    func cancelled(engine: EngineKind) throws {
        let ring = try Ring(engine: engine, submissionEntries: 4, completionEntries: 8)
        let pair = try TCPPair()
        try bytes.withUnsafeBytes { sent in
            try ring.submit(send(sent, on: pair))
            let completion = try #require(try ring.cancelAll().first)
            #expect(completion.isLast)
            #expect(completion.result > 0)
            Socket.shutdownWrite(pair.near)
            #expect(pair.readFar(sent.count).elementsEqual(sent[..<Int(completion.result)]))
            // The socket is full, so the second one has sent nothing.
        }
    }

    @Test("One that finds no room and is cancelled has sent nothing", arguments: EngineKind.tested)
    func cancelledAtOnce(engine: EngineKind) throws {
        let ring = try Ring(engine: engine, submissionEntries: 4, completionEntries: 8)
        let pair = try TCPPair()
        try bytes.withUnsafeBytes { sent in
            while Glibc.send(pair.near, sent.baseAddress, sent.count, Int32(MSG_DONTWAIT)) > 0 {}
            try ring.submit(send(sent, on: pair))
            #expect(try ring.cancelAll().map(\.error) == [.cancelled])
        }
    }

    @Test("Inline sends of messages post what they did not send", arguments: EngineKind.tested)
    func inlineMessages(engine: EngineKind) throws {
        guard engine.features.inlineSends else { return }
        let ring = try Ring(engine: engine, submissionEntries: 4, completionEntries: 8)
        let pair = try TCPPair()
        try bytes.withUnsafeBytes { sent in
            let base = UnsafeMutableRawPointer(mutating: sent.baseAddress!)
            var results: [Int32?] = []
            for length in [10, 8 << 20, 1] {
                var vectors = [iovec(iov_base: base, iov_len: length), iovec(iov_base: base + length, iov_len: length)]
                try vectors.withUnsafeMutableBufferPointer { vectors in
                    var message = msghdr()
                    message.msg_iov = vectors.baseAddress
                    message.msg_iovlen = 2
                    try withUnsafeMutablePointer(to: &message) { message in
                        let entry = SubmissionEntry.sendMessage(
                            descriptor: pair.near,
                            message: message,
                            token: token
                        )
                        try ring.submit(entry.endingInline())
                        try ring.enter(waitFor: 0, deadline: nil)
                        #expect(ring.isSettled)
                        results.append(ring.nextCompletion()?.result)
                    }
                }
            }
            #expect(results[0] == nil)
            #expect((1..<(16 << 20)).contains(try #require(results[1])))
            #expect(results[2] == -EAGAIN)
        }
    }
}

/// Reads from the far side of a pair on a thread of its own, so that the near side has room.
private final class Reader: @unchecked Sendable {
    private var received: [UInt8] = []
    private var thread = pthread_t()
    private let pair: TCPPair
    private let count: Int

    init(_ pair: TCPPair, count: Int) {
        self.pair = pair
        self.count = count
        pthread_create(
            &thread,
            nil,
            { context in
                let reader = Unmanaged<Reader>.fromOpaque(context!).takeUnretainedValue()
                reader.received = reader.pair.readFar(reader.count)
                return nil
            },
            Unmanaged.passUnretained(self).toOpaque()
        )
    }

    /// Waits until all are there.
    func bytes() -> [UInt8] {
        pthread_join(thread, nil)
        return received
    }
}
