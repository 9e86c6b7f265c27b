import Eddy
import EddyRing
import Testing

@testable import Eddy

/// Sends directly from the pool's memory: forced here, since the kernel copies on the loopback interface anyway.
@Suite("connections: zero-copy sends", .serialized, .timeLimit(.minutes(5)))
struct ZeroCopyTests {
    private static func forced(threshold: Int = 1) -> EventLoop.Configuration {
        var configuration = EventLoop.Configuration.patient
        configuration.zeroCopy = .always
        configuration.zeroCopyThreshold = threshold
        return configuration
    }

    @Test("Every byte arrives, in pieces of all sizes", arguments: FeatureSet.allCases, [1, 10_000])
    func echoes(set: FeatureSet, threshold: Int) async throws {
        let sent = randomBytes(3 << 20)
        let statistics = try await withServer(set, configuration: Self.forced(threshold: threshold)) { server in
            let peer = try await Peer.connect(to: server.address)
            async let sending: Void = peer.send(sent, inPiecesUpTo: 100_000, seed: 2)
            let received = try await peer.receive(sent.count)
            try await sending
            #expect(difference(received, from: sent) == nil)
            peer.finish()
            #expect(try await peer.receiveAll().isEmpty)
            try await eventually { await server.group.statistics().pool.slicesOut == 0 }
        }
        let hasSends = set.features.zeroCopySends
        #expect((statistics.zeroCopySends > 0) == hasSends)
        // The loopback interface copies, and the kernel reports that.
        #expect((statistics.zeroCopyCopies > 0) == hasSends)
    }

    @Test("Many small pieces are sent with one vectored send")
    func vectored() async throws {
        let pieces = (0..<500).map { randomBytes(300 + $0, seed: UInt64($0)) }
        let handler: TCPServer.Handler = { connection in
            try await connection.write(contentsOf: pieces.map { Buffer.from(copying: $0.span).share() })
        }
        try await withServer(configuration: Self.forced(threshold: 20_000), handler: handler) { server in
            let peer = try await Peer.connect(to: server.address)
            #expect(difference(try await peer.receiveAll(), from: pieces.flatMap { $0 }) == nil)
            try await eventually { await server.group.statistics().pool.slicesOut == 0 }
            let hasSends = try RingFeatures.probed().zeroCopySends
            #expect((hasSends ? 1..<100 : 0..<1).contains(await server.group.statistics().zeroCopySends))
        }
    }

    @Test("Within one machine zero-copy is off unless it is forced")
    func automatic() async throws {
        let statistics = try await withServer { server in
            let peer = try await Peer.connect(to: server.address)
            try await peer.send(randomBytes(300_000))
            _ = try await peer.receive(300_000)
            peer.close()
        }
        #expect(statistics.zeroCopySends == 0)
    }

    /// How the connection ends while the kernel still reads the sent memory.
    enum Ending: CaseIterable { case waits, returns, resets, fails }

    @Test(
        "Slices are held until the kernel releases them, however the connection ends",
        .enabled(if: try RingFeatures.probed().zeroCopySends, "everything is copied"),
        arguments: Ending.allCases
    )
    func held(ending: Ending) async throws {
        struct Mistake: Error {}
        // More than the peer's window takes, and less than the socket's buffer.
        let bytes = randomBytes(200_000)
        let held = Channel<(sends: Int, queued: UInt32, slices: Int)>()
        let handler: TCPServer.Handler = { connection in
            let loop = connection.eventLoop
            try connection.set(.sendBufferSize(1 << 20))
            try connection.set(.unsentLimit(1 << 20))
            try await connection.write(copying: bytes.span)
            while connection.queuedBytes > 0 { try await loop.sleep(for: .milliseconds(1)) }
            held.send((loop.driver.zeroCopySends.count, connection.queuedBytes, loop.pool.statistics.slicesOut))
            switch ending {
            case .waits: #expect(try await connection.isAtEnd())
            case .returns: break
            case .resets: connection.reset()
            case .fails: throw Mistake()
            }
        }
        try await withServer(configuration: Self.forced(), handler: handler) { server in
            // Not less: when a buffer overflows, TCP shrinks the window, and a reset beyond the window is ignored.
            let peer = try await Peer.connect(to: server.address, receiveBuffer: 64 << 10)
            // Sent, from the connection's point of view; the kernel still holds the memory.
            let (sends, queued, slices) = try await held.next()
            #expect(sends == 1)
            #expect(queued == 0)
            #expect(slices > 0)
            switch ending {
            case .waits:
                #expect(difference(try await peer.receive(bytes.count), from: bytes) == nil)
                peer.finish()
            case .returns:
                #expect(difference(try await peer.receiveAll(), from: bytes) == nil)
            case .fails:
                let (received, error) = try await peer.receiveUntilBroken()
                #expect(difference(received, from: bytes) == nil)
                #expect(error == .connectionReset)
            case .resets:
                #expect(try await peer.receiveUntilBroken().error == .connectionReset)
            }
            peer.close()
            try await eventually { await server.group.statistics().pool.slicesOut == 0 }
        }
    }

    @Test(
        "A peer resets and the server ends while sends are in flight",
        .enabled(if: try RingFeatures.probed().zeroCopySends, "everything is copied"),
        arguments: [true, false]
    )
    func broken(peerResets: Bool) async throws {
        let (full, errors) = (Channel<Void>(), Channel<ConnectionError?>())
        let handler: TCPServer.Handler = { connection in
            full.send(())
            try connection.set(.unsentLimit(1 << 20))
            do throws(ConnectionError) {
                while true { try await connection.write(copying: [UInt8](repeating: 3, count: 100_000).span) }
            } catch { errors.send(error) }
        }
        try await withServer(configuration: Self.forced(), handler: handler) { server in
            let peer = try await Peer.connect(to: server.address, receiveBuffer: 4096)
            try await full.next()
            try await eventually { await server.group.statistics().zeroCopySends > 1 }
            if peerResets { peer.reset() } else { server.shutDown(grace: .zero) }
            #expect(try await errors.next() == (peerResets ? .reset : .shutDown))
            try await eventually { await server.group.statistics().pool.slicesOut == 0 }
            peer.close()
        }
    }
}
