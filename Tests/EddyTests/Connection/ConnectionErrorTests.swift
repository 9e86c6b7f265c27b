import Eddy
import Testing

/// The descriptions of connection errors.
@Suite("connections: errors")
struct ConnectionErrorTests {
    private static let errors: [ConnectionError] = [
        .reset, .timedOut, .closed, .readTimedOut, .writeTimedOut, .idleTimedOut, .writingEnded, .cancelled, .shutDown,
        .unexpectedEnd(received: 1), .delimiterNotFound(limit: 1), .frameTooLong(length: 2, limit: 1),
        .file(.noSuchFile), .fileTooShort(size: 1, sent: 0), .system(.noBufferSpace), .option(.invalidArgument),
        .system(.hostUnreachable),
    ]

    @Test("Each error says in one line what happened, followed by how to fix it", arguments: errors)
    func remedy(error: ConnectionError) {
        let parts = error.description.split(separator: "; ")
        #expect(parts.count >= 2)
        #expect(!error.description.contains("\n"))
    }
}
