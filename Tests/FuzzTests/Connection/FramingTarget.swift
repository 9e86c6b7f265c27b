import Eddy
import EddySimulation
import EddySystem
import Foundation
import Testing

extension FuzzTests {
    /// Messages read from real connections, whose peer cuts the stream anywhere.
    @Suite("messages")
    struct FramingTarget {
        @Test("Reads of messages give the same as on an array, wherever the network cuts")
        func reads() async throws {
            let corpus = [
                "", "GET / HTTP/1.1\r\nHost: x\r\n\r\nbody", "a\nb\r\nc\r\r\n\n\r\n", "aaaaaaaaab--aab",
                "\u{0}\u{3}abc\u{0}\u{0}\u{0}\u{1}x",
                "\u{1}a\u{2}bb\u{0}\u{3}ccc", String(repeating: "x", count: 5000) + "\r\n",
                String(repeating: "a\n", count: 700),
            ]
            let raw: [[UInt8]] = [
                [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1], [0, 0, 0, 0, 0, 0, 0, 2, 7, 7, 0, 0, 0, 0x40],
                [2, 0, 0, 0, 0, 0, 0, 0, 5, 6, 4, 0, 1, 2, 3, 4], [0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
            ]
            let plans = Plans()
            var configuration = EventLoop.Configuration()
            // Small chunks and a small window, so that messages cross their boundaries.
            configuration.pool.receiveChunkSize = 4096
            configuration.receiveWindow = 1024
            let group = try EventLoopGroup(count: 1, configuration: configuration)
            defer { group.shutDown() }
            let server = try TCPServer(on: .loopback(port: 0), group: group)
            async let running = server.run { connection in
                var outcomes: [StreamOutcome] = []
                for read in plans.current { outcomes.append(await Self.perform(read, on: connection)) }
                plans.finish(with: outcomes)
            }

            await fuzz("messages", corpus: corpus, raw: raw, dictionary: ["\r\n", "\n", "aab"], share: 10) { fuzzCase in
                let plan = (0..<Int.random(in: 1...12, using: &fuzzCase.random)).map { _ in
                    StreamRead.random(&fuzzCase.random)
                }
                plans.current = plan
                try await Self.send(fuzzCase.input, to: server.address, fuzzCase.random)
                let given = await plans.outcomes()
                var model = StreamModel(fuzzCase.input)
                for (read, outcome) in zip(plan, given) {
                    let expected = model.outcome(of: read, given: outcome)
                    try require(outcome == expected, "\(read) gave \(outcome), not \(expected), of \(plan)")
                }
                try require(given.count == plan.count, "\(given.count) outcomes of \(plan)")
            }

            server.shutDown(grace: .seconds(30))
            _ = await running
            #expect(await group.statistics().pool.slicesOut == 0)
        }

        private static func perform(_ read: StreamRead, on connection: borrowing Connection) async -> StreamOutcome {
            do throws(ConnectionError) {
                let bytes: Buffer? =
                    switch read {
                    case .any: try await connection.read()
                    case .exactly(let count): try await connection.read(exactly: count)
                    case .until(let delimiter, let limit):
                        delimiter.count == 1
                            ? try await connection.read(until: delimiter[0], limit: limit)
                            : try await connection.read(until: String(decoding: delimiter, as: UTF8.self), limit: limit)
                    case .line(let limit): try await connection.readLine(limit: limit)
                    case .frame(let prefix, let endianness, let limit):
                        try await connection.readFrame(prefix: prefix, endianness: endianness, limit: limit)
                    }
                guard let bytes else { return .end }
                return .bytes(bytes.bytes.withUnsafeBytes { Array($0) })
            } catch {
                return .failure(error)
            }
        }

        /// Sends in mostly small pieces, and half-closes; with blocking calls on a thread of its own.
        private static func send(_ bytes: [UInt8], to address: SocketAddress, _ random: SeededGenerator) async throws {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                Thread.detachNewThread {
                    continuation.resume(with: Result { try sendOnThisThread(bytes, to: address, random) })
                }
            }
        }

        private static func sendOnThisThread(
            _ bytes: [UInt8],
            to address: SocketAddress,
            _ random: SeededGenerator
        ) throws {
            var random = random
            let descriptor = try Socket.openStream(for: address)
            defer { Socket.close(descriptor) }
            try address.withSystemAddress { pointer, length throws(SystemError) in
                let address = pointer.assumingMemoryBound(to: sockaddr.self)
                guard connect(descriptor, address, socklen_t(length)) == 0 else { throw .current }
            }
            var one: Int32 = 1
            setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
            let longest = [1, 3, 100, 5000].randomElement(using: &random)!
            var rest = bytes[...]
            // A stream in hundreds of pieces takes long and finds nothing more.
            var pieces = 0
            while !rest.isEmpty {
                pieces += 1
                let count = pieces > 64 ? rest.count : min(rest.count, Int.random(in: 1...longest, using: &random))
                let sent = rest.prefix(count).withUnsafeBytes {
                    Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                // The server may have read what it wanted and closed the connection.
                guard sent > 0 else { return }
                rest = rest.dropFirst(sent)
                if pieces % 8 == 1 { sched_yield() }
            }
            Socket.shutdownWrite(descriptor)
        }
    }
}

/// The reads of the next connection's handler, and their outcomes. One case at a time.
private final class Plans: @unchecked Sendable {
    private let lock = NSLock()
    private var plan: [StreamRead] = []
    private let (stream, continuation) = AsyncStream.makeStream(of: [StreamOutcome].self)

    var current: [StreamRead] {
        get { lock.withLock { plan } }
        set { lock.withLock { plan = newValue } }
    }

    func finish(with outcomes: [StreamOutcome]) { continuation.yield(outcomes) }

    /// Waits for the outcomes of the next connection.
    func outcomes() async -> [StreamOutcome] {
        for await outcomes in stream { return outcomes }
        return []
    }
}
