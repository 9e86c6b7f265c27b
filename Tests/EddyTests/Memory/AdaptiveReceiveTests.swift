import EddyBuffers
import EddyRing
import Testing

@testable import Eddy

/// Echoes over TCP with receives into incrementally filled chunks, and into two sizes of chunks.
@Suite(.serialized) struct AdaptiveReceiveTests {
    private func features(incremental: Bool) throws -> RingFeatures {
        var features = try RingFeatures.probed()
        features.incrementalBuffers = features.incrementalBuffers && incremental
        // Kernels without incremental buffers do not have receive limits.
        if !incremental { features.receiveLimits = false }
        return features
    }

    /// Echoes `byteCount` bytes in messages of `messageSize`, and checks each of them.
    private func echo(byteCount: Int, messageSize: Int, incremental: Bool) async throws -> EventLoop.Statistics {
        var configuration = EventLoop.Configuration()
        configuration.pool.maximumBytes = 32 << 20
        let group = try EventLoopGroup(
            count: 1,
            configuration: configuration.quiet,
            features: features(incremental: incremental)
        )
        defer { group.shutDown() }
        let server = try TCPServer(on: "127.0.0.1:0", group: group)
        let serving = Task {
            await server.run { connection in
                while let bytes = try await connection.read() { try await connection.write(bytes) }
            }
        }
        let loop = group.loops[0]
        let address = server.address
        let task = Task(executorPreference: loop) {
            try await loop.connect(to: address) { connection in
                var sent = 0
                while sent < byteCount {
                    let message = Buffer.from((0..<messageSize).map { UInt8(truncatingIfNeeded: (sent + $0) % 251) })
                    try await connection.write(message)
                    var received = 0
                    while received < messageSize, let bytes = try await connection.read() {
                        for index in 0..<bytes.count {
                            let expected = UInt8(truncatingIfNeeded: (sent + received + index) % 251)
                            guard bytes[index] == expected else { throw WrongByte() }
                        }
                        received += bytes.count
                    }
                    guard received == messageSize else { throw WrongByte() }
                    sent += messageSize
                }
            }
        }
        try await task.value
        server.shutDown(grace: .seconds(5))
        return await serving.value
    }

    private struct WrongByte: Error {}

    @Test(arguments: [true, false], [64, 16 << 10, 300_000])
    func everyByteComesBack(incremental: Bool, messageSize: Int) async throws {
        let rounds = messageSize < 1000 ? 2000 : 40
        let statistics = try await echo(
            byteCount: messageSize * rounds,
            messageSize: messageSize,
            incremental: incremental
        )
        #expect(statistics.pool.slicesOut == 0)
        #expect(statistics.pool.mappedBytes <= 32 << 20)
    }

    /// Small chunks alone would need one receive for each 16 KiB.
    @Test func bulkGoesOverToLargeChunks() async throws {
        let statistics = try await echo(byteCount: 20 << 20, messageSize: 512 << 10, incremental: false)
        #expect(statistics.pool.slicesOut == 0)
        // Both sides receive 20 MiB, which is 2,560 receives of 16 KiB.
        #expect(statistics.bytesReceived >= 40 << 20)
        #expect(statistics.completions < 2000)
    }

    @Test func echoesAreRecycled() async throws {
        let statistics = try await echo(byteCount: 64 * 20_000, messageSize: 64, incremental: true)
        #expect(statistics.pool.slicesOut == 0)
        #expect(statistics.pool.mappedBytesPeak <= 3 * (2 << 20))
    }
}
