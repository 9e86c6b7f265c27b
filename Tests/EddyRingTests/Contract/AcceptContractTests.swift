import EddyRing
import Glibc
import Testing

/// Accepting, as every engine does it.
@Suite("contract: accept", .timeLimit(.minutes(1)))
struct AcceptContractTests {
    private let token = OperationToken(kind: 1)

    @Test("Each connection is accepted once, whether it came before or after", arguments: EngineKind.tested)
    func multishot(engine: EngineKind) throws {
        let ring = try Ring(engine: engine, submissionEntries: 4, completionEntries: 256)
        let listener = try LoopbackListener(backlog: 256)
        var clients = try (0..<100).map { _ in try listener.connect() }
        try ring.submit(.acceptMultishot(descriptor: listener.descriptor, token: token))
        var accepted = try ring.completions(100)
        for _ in 0..<20 {
            clients.append(try listener.connect())
            accepted += try ring.completions(1)
        }
        #expect(accepted.allSatisfy { $0.token == token && $0.result > 0 && !$0.isLast })
        #expect(Set(accepted.map(\.result)).count == 120)
        for completion in accepted {
            #expect(fcntl(completion.result, F_GETFD) & FD_CLOEXEC != 0)
            #expect(fcntl(completion.result, F_GETFL) & O_NONBLOCK == 0)
        }
        let last = try ring.cancelAll()
        #expect(last.map(\.error) == [.cancelled])
        #expect(last.last?.isLast == true)
        for descriptor in accepted.map(\.result) + clients { Socket.close(descriptor) }
    }

    @Test("Without descriptors it ends, and goes on when it is submitted again", arguments: EngineKind.tested)
    func outOfDescriptors(engine: EngineKind) async {
        await #expect(processExitsWith: .success) { [engine] in
            let ring = try Ring(engine: engine, submissionEntries: 4, completionEntries: 8)
            let listener = try LoopbackListener()
            _ = try listener.connect()
            let accept = SubmissionEntry.acceptMultishot(
                descriptor: listener.descriptor,
                token: OperationToken(kind: 1)
            )
            let failed = try withoutDescriptors {
                Result {
                    try ring.submit(accept)
                    return try ring.completions(1)
                }
            }.get()
            guard failed.first?.error == .tooManyOpenFiles, failed.first?.isLast == true else { exit(1) }
            try ring.submit(accept)
            exit(try ring.completions(1).first?.result ?? 0 > 0 ? 0 : 2)
        }
    }

    @Test("What does not listen cannot accept", arguments: EngineKind.tested)
    func notListening(engine: EngineKind) throws {
        let ring = try Ring(engine: engine, submissionEntries: 4, completionEntries: 8)
        let pair = try TCPPair()
        for descriptor in [pair.near, -1, 1 << 20] {
            try ring.submit(.acceptMultishot(descriptor: descriptor, token: token))
            let completion = try #require(try ring.completions(1).first)
            #expect(completion.error == SystemError(descriptor == pair.near ? EINVAL : EBADF))
            #expect(completion.isLast)
        }
    }
}
