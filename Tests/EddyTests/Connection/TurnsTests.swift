import Testing

@testable import Eddy

/// A handler with a long backlog of messages yields to others.
@Suite("fairness: handlers of many small messages", .serialized, .timeLimit(.minutes(5)))
struct TurnsTests {
    /// Reads everything that a peer sent, in `readers` kinds of reads, and checks that another task's job runs in
    /// between.
    private func expectTurns(
        set: FeatureSet,
        byteCount: Int,
        reading: @escaping @Sendable (borrowing Connection) async throws -> Bool
    ) async throws {
        let readBefore = Channel<Int>()
        let handler: TCPServer.Handler = { connection in
            // All of it has arrived before the first read.
            let loop = connection.eventLoop
            try await loop.sleep(for: .milliseconds(200))
            var count = 0
            while try await reading(connection) {
                count += 1
                if count == 1 {
                    let counter = Counter(count)
                    Task(executorPreference: loop) { readBefore.send(counter.value) }
                    while try await reading(connection) { counter.value += 1 }
                }
            }
        }
        try await withServer(set, handler: handler) { server in
            let peer = try await Peer.connect(to: server.address)
            try await peer.send([UInt8](repeating: UInt8(ascii: "\n"), count: byteCount))
            peer.finish()
            #expect(try await peer.receiveAll().isEmpty)
        }
        // A job that is queued after the reader runs when the reader's turn is over, not when everything has been read.
        let count = try await readBefore.next()
        #expect(count <= 2 * Int(Turn.messages))
    }

    /// A number shared by the tasks of one loop.
    private final class Counter: @unchecked Sendable {
        var value: Int
        init(_ value: Int) { self.value = value }
    }

    @Test("Lines that have all arrived are read in turns", arguments: FeatureSet.allCases)
    func lines(set: FeatureSet) async throws {
        try await expectTurns(set: set, byteCount: 10_000) { try await $0.readLine(limit: 10) != nil }
    }

    @Test("Fixed-size messages are read in turns", arguments: FeatureSet.allCases)
    func fixedSize(set: FeatureSet) async throws {
        try await expectTurns(set: set, byteCount: 10_000) { try await $0.read(exactly: 1) != nil }
    }

    @Test("Delimited messages are read in turns", arguments: FeatureSet.allCases)
    func delimited(set: FeatureSet) async throws {
        try await expectTurns(set: set, byteCount: 10_000) {
            try await $0.read(until: UInt8(ascii: "\n"), limit: 10) != nil
        }
    }
}
