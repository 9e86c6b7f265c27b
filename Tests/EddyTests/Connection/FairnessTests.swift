import Eddy
import Synchronization
import Testing

@testable import Eddy

/// One connection does not starve the others of a loop.
@Suite("connections: fairness", .serialized, .timeLimit(.minutes(5)))
struct FairnessTests {
    @Test("A flood gets a bounded share between a request and its reply", arguments: FeatureSet.allCases)
    func floodAndPing(set: FeatureSet) async throws {
        var configuration = EventLoop.Configuration()
        configuration.receiveWindow = 64 << 10
        configuration.pool.receiveChunkSize = 64 << 10
        let flooded = Atomic<Int>(0)
        let parts = Channel<[Int]>()
        let handler: TCPServer.Handler = { connection in
            guard let first = try await connection.read(exactly: 1) else { return }
            if first[0] == 0 {
                while let bytes = try await connection.read() { flooded.wrappingAdd(bytes.count, ordering: .relaxed) }
            } else {
                try await echo(connection)
            }
        }
        try await withServer(set, configuration: configuration, handler: handler) { server in
            let flood = Task {
                let peer = try await Peer.connect(to: server.address)
                while !Task.isCancelled { try await peer.send([UInt8](repeating: 0, count: 1 << 20)) }
            }
            try await eventually { flooded.load(ordering: .relaxed) > 4 << 20 }
            // Both ends of the ping are on the flooded loop, so only the loop adds to the round trip.
            let loop = server.group.next()
            try await loop.run {
                try await loop.connect(to: server.address) { connection in
                    try await connection.write(Buffer.from([1]))
                    var between: [Int] = []
                    for _ in 0..<100 {
                        let before = flooded.load(ordering: .relaxed)
                        try await connection.write("ping")
                        _ = try await connection.read(exactly: 4)
                        between.append(flooded.load(ordering: .relaxed) - before)
                    }
                    parts.send(between)
                }
            }
            let between = try await parts.next().sorted()
            // A round trip takes four iterations: a send and a receive each way. In each, the flood may bring what its
            // window allows plus one chunk; without receive limits, what the kernel receives in one operation, 32
            // chunks.
            let share = (64 << 10) + (set.features.receiveLimits ? 1 : 32) * (64 << 10)
            #expect(between[50] <= 4 * share)
            flood.cancel()
            _ = await flood.result
        }
    }
}
