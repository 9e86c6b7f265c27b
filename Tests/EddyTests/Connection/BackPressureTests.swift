import Eddy
import Testing

@testable import Eddy

/// Memory stays bounded when a peer does not receive or a handler does not read.
@Suite("connections: back-pressure", .serialized, .timeLimit(.minutes(5)))
struct BackPressureTests {
    private static var narrow: EventLoop.Configuration {
        var configuration = EventLoop.Configuration()
        configuration.receiveWindow = 128 << 10
        configuration.highWatermark = 128 << 10
        configuration.lowWatermark = 32 << 10
        return configuration
    }

    @Test("A writer waits at the high watermark and resumes at the low one", arguments: FeatureSet.allCases)
    func watermarks(set: FeatureSet) async throws {
        let total = 16 << 20
        let piece = randomBytes(16 << 10)
        let (full, waits) = (Channel<Void>(), Channel<Int>())
        let handler: TCPServer.Handler = { connection in
            let configuration = connection.eventLoop.configuration
            try connection.set(.sendBufferSize(256 << 10))
            var count = 0
            for _ in 0..<total / piece.count {
                let mustWait = Int(connection.queuedBytes) + piece.count > configuration.highWatermark
                if mustWait {
                    count += 1
                    full.send(())
                }
                try await connection.write(Buffer.from(copying: piece.span))
                #expect(Int(connection.queuedBytes) <= configuration.highWatermark)
                if mustWait { #expect(Int(connection.queuedBytes) <= configuration.lowWatermark) }
            }
            waits.send(count)
        }
        try await withServer(set, configuration: Self.narrow, handler: handler) { server in
            let peer = try await Peer.connect(to: server.address, receiveBuffer: 4096)
            // The peer does not receive until the writer has to wait.
            try await full.next()
            let received = try await peer.receiveAll()
            #expect(received.count == total)
            #expect(received.prefix(piece.count).elementsEqual(piece))
            #expect(received.suffix(piece.count).elementsEqual(piece))
            #expect(try await waits.next() > 0)
        }
    }

    @Test("Receiving pauses while the handler does not read, and nothing is lost", arguments: FeatureSet.allCases)
    func receiveWindow(set: FeatureSet) async throws {
        let upload = randomBytes(12 << 20)
        let outcome = Channel<String?>()
        let held = Channel<Int>()
        let handler: TCPServer.Handler = { connection in
            let (loop, id) = (connection.eventLoop, connection.id)
            var gathered = try await connection.gather(1)
            // The handler does not read; receiving pauses when the window is full.
            while loop.driver.connections[id].receiving.isArmed { try await loop.sleep(for: .milliseconds(1)) }
            held.send(Int(loop.driver.connections[id].receiving.queue.byteCount))
            gathered += try await connection.gather(.max)
            outcome.send(difference(gathered, from: upload))
        }
        try await withServer(set, configuration: Self.narrow, handler: handler) { server in
            let peer = try await Peer.connect(to: server.address)
            async let sent: Void = peer.send(upload)
            let bytes = try await held.next()
            // Each slice counts with its overhead.
            #expect(bytes >= 128 << 10 - 64 * SliceStore.costOfSlice)
            // The window that was armed last may fill in addition, and the last receive may overshoot it by a chunk.
            // Without a receive limit, a receive continues until its cancellation completes.
            #expect(bytes <= (128 << 10) * 2 + (set.features.receiveLimits ? 1 : 32) * (256 << 10))
            try await sent
            peer.finish()
            #expect(try await outcome.next() == nil)
        }
    }

    @Test("A reader that pauses and resumes gets everything in order", arguments: FeatureSet.allCases)
    func stopAndGo(set: FeatureSet) async throws {
        let upload = randomBytes(2 << 20)
        let outcome = Channel<String?>()
        let handler: TCPServer.Handler = { connection in
            var (gathered, reads): ([UInt8], Int) = ([], 0)
            while let bytes = try await connection.read() {
                gathered.append(contentsOf: Array(bytes))
                reads += 1
                if reads.isMultiple(of: 5) { try await connection.eventLoop.sleep(for: .milliseconds(2)) }
            }
            outcome.send(difference(gathered, from: upload))
        }
        try await withServer(set, configuration: Self.narrow, handler: handler) { server in
            let peer = try await Peer.connect(to: server.address)
            try await peer.send(upload, inPiecesUpTo: 50_000, seed: 9)
            peer.finish()
            #expect(try await outcome.next() == nil)
        }
    }

    @Test("An echo pauses while its peer does not receive, and then resumes", arguments: FeatureSet.allCases)
    func echoOfAGreedySender(set: FeatureSet) async throws {
        let handler: TCPServer.Handler = { connection in
            try connection.set(.sendBufferSize(256 << 10))
            try await echo(connection)
        }
        try await withServer(set, configuration: Self.narrow, handler: handler) { server in
            let peer = try await Peer.connect(to: server.address, receiveBuffer: 4096)
            let sent = randomBytes(12 << 20)
            async let sending: Void = peer.send(sent)
            // All buffers in both directions are full: nothing moves until the peer receives.
            var (last, same) = (UInt64.max, 0)
            while same < 20 {
                let received = await server.group.statistics().bytesReceived
                same = received == last ? same + 1 : 0
                last = received
                try await Task.sleep(for: .milliseconds(5))
            }
            #expect(last < 12 << 20)
            async let received = peer.receive(sent.count)
            try await sending
            #expect(difference(try await received, from: sent) == nil)
            peer.close()
        }
    }
}
