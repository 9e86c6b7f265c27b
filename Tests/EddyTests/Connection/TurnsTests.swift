import Testing

@testable import Eddy

/// A handler that finds more and more to read lets others run.
@Suite("fairness: handlers of many small messages", .serialized, .timeLimit(.minutes(5)))
struct TurnsTests {
    /// Reads everything that a peer has sent in `readers` kinds of reads, and sees a job of another task run in between.
    private func expectTurns(
        set: FeatureSet,
        byteCount: Int,
        reading: @escaping @Sendable (borrowing Connection) async throws -> Bool
    ) async throws {
        let readBefore = Channel<Int>()
        let handler: TCPServer.Handler = { connection in
            // All of it is there before the first read.
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
        // A job that is queued behind the reader runs when the reader's turn is over, and not when all has been read.
        let count = try await readBefore.next()
        #expect(count <= 2 * Int(Turn.messages))
    }

    /// A number that one loop's tasks share.
    private final class Counter: @unchecked Sendable {
        var value: Int
        init(_ value: Int) { self.value = value }
    }

    @Test("Lines that have all come are read in turns", arguments: FeatureSet.allCases)
    func lines(set: FeatureSet) async throws {
        try await expectTurns(set: set, byteCount: 10_000) { try await $0.readLine(limit: 10) != nil }
    }

    @Test("Messages of a fixed size are read in turns", arguments: FeatureSet.allCases)
    func fixedSize(set: FeatureSet) async throws {
        try await expectTurns(set: set, byteCount: 10_000) { try await $0.read(exactly: 1) != nil }
    }

    @Test("Messages up to a delimiter are read in turns", arguments: FeatureSet.allCases)
    func delimited(set: FeatureSet) async throws {
        try await expectTurns(set: set, byteCount: 10_000) {
            try await $0.read(until: UInt8(ascii: "\n"), limit: 10) != nil
        }
    }
}
