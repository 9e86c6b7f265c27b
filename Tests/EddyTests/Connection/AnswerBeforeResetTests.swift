import Eddy
import EddyRing
import EddySimulation
import Testing

@testable import Eddy

/// A reset never overtakes bytes that preceded it, although a send learns of the reset first: the system keeps what it
/// has acknowledged until it is received (libuv issue 2643, swift-nio issue 593).
@Suite("connections: an answer before a reset", .serialized, .timeLimit(.minutes(5)))
struct AnswerBeforeResetTests {
    private static func expectPattern(_ bytes: [UInt8], atLeast count: Int) {
        #expect(bytes.count >= count)
        for start in stride(from: 0, to: bytes.count, by: 64 << 10) {
            let piece = bytes[start...].prefix(64 << 10)
            #expect(piece == Peer.counting[(start % 251)...].prefix(piece.count))
        }
    }

    @Test("After a write fails, the peer's answer can still be read", arguments: FeatureSet.allCases)
    func readAfterWrite(set: FeatureSet) async throws {
        let (broken, answers) = (Gate(), Channel<(bytes: [UInt8], error: ConnectionError?)>())
        let handler: TCPServer.Handler = { connection in
            await broken.wait()
            var error: ConnectionError?
            // The system may accept the first writes and learn of the reset only then.
            while error == nil { error = await connection.errorOfWriting("more") }
            #expect(error == .reset)
            #expect(await connection.errorOfEndingWriting() == .reset)
            answers.send(await connection.readUntilBroken())
        }
        try await withServer(set, handler: handler) { server in
            let peer = try await Peer.connect(to: server.address)
            let acknowledged = try await peer.fill()
            peer.reset()
            broken.open()
            let answer = try await answers.next()
            Self.expectPattern(answer.bytes, atLeast: acknowledged)
            #expect(answer.error == .reset)
        }
    }

    @Test(
        "An answer and a reset that arrive together are both received after a failed write",
        arguments: FeatureSet.allCases
    )
    func together(set: FeatureSet) async throws {
        let (gate, waiting) = (Gate(), Channel<Void>())
        let answers = Notes<(bytes: [UInt8], error: ConnectionError?)>()
        let handler: TCPServer.Handler = { connection in
            // A receive is in flight from here on.
            guard try await connection.read() != nil else { return }
            waiting.send(())
            // The loop does not enter the kernel meanwhile: a single completion reports everything that happened.
            gate.waitBlocking()
            _ = await connection.errorOfWriting("more")
            answers.append(await connection.readUntilBroken())
        }
        try await withServer(set, handler: handler) { server in
            let peer = try await Peer.connect(to: server.address)
            try await peer.send([1])
            try await waiting.next()
            try await peer.send([2, 3])
            peer.reset()
            gate.open()
            try await eventually { !answers.contents.isEmpty }
            #expect(answers.contents.first?.bytes == [2, 3])
            #expect(answers.contents.first?.error == .reset)
        }
    }

    /// Some kernels wake a multishot receive once for bytes and a reset that arrive together: it takes the bytes and
    /// then waits forever (axboe/liburing issue 1549).
    @Test("A receive in flight is replaced after a send has failed")
    func replacedReceive() throws {
        var features = RingFeatures()
        features.multishotReceives = true
        try withSimulatedLoop(features: features) { loop, network in
            let (id, peer) = try loop.acceptSimulated(in: network)
            loop.driver.armReceive(id)
            loop.advance()
            #expect(loop.driver.connections[id].receiving.isArmed)
            loop.driver.sendingFailed(id, SystemError.connectionReset.code)
            #expect(loop.driver.connections[id].receiving.operation == .cancelling(.small))
            while loop.driver.connections[id].receiving.operation == .cancelling(.small) { loop.advance() }
            #expect(loop.driver.connections[id].receiving.isArmed)
            peer.close()
        }
    }

    @Test("A relay forwards the answer of an upstream that resets", arguments: FeatureSet.allCases, [false, true])
    func relayed(set: FeatureSet, uploads: Bool) async throws {
        let errors = Channel<ConnectionError?>()
        try await withRelay(set, errors: errors) { client, upstream in
            if uploads { _ = try await client.fill() }
            let acknowledged = try await upstream.fill()
            // Closing with unread bytes also causes a reset; this call certainly does.
            upstream.reset()
            if !uploads { try await client.send([1]) }
            let (bytes, error) = try await client.receiveUntilBroken()
            Self.expectPattern(bytes, atLeast: acknowledged)
            #expect(error == .connectionReset)
            #expect(try await errors.next() != nil)
        }
    }

    @Test("A relay forwards what a client sent before it reset", arguments: FeatureSet.allCases)
    func relayedUpload(set: FeatureSet) async throws {
        try await withRelay(set) { client, upstream in
            _ = try await upstream.fill()
            let acknowledged = try await client.fill()
            client.reset()
            let (bytes, error) = try await upstream.receiveUntilBroken()
            Self.expectPattern(bytes, atLeast: acknowledged)
            #expect(error == .connectionReset)
        }
    }

    /// The relay does not receive from a side while the other one takes nothing, so no receive reports a reset of that
    /// side (tcptunnelchecker's "clogged close").
    @Test("A relay notices a reset of a side that it does not read", arguments: FeatureSet.allCases, [false, true])
    func clogged(set: FeatureSet, isClient: Bool) async throws {
        var configuration = EventLoop.Configuration()
        configuration.closeTimeout = .milliseconds(300)
        let errors = Channel<ConnectionError?>()
        try await withRelay(set, configuration: configuration, errors: errors) { client, upstream in
            let (dying, stalled) = isClient ? (client, upstream) : (upstream, client)
            _ = try await dying.fill()
            dying.reset()
            // The stalled side reads nothing until the relay has ended.
            #expect(try await errors.next() != nil)
            #expect(try await stalled.receiveUntilBroken().error == .connectionReset)
        }
    }

    @Test("A reset after the end of the stream is noticed", arguments: FeatureSet.allCases)
    func afterTheEnd(set: FeatureSet) async throws {
        let errors = Channel<ConnectionError?>()
        try await withRelay(set, errors: errors) { client, upstream in
            try await client.send([1])
            client.finish()
            #expect(try await upstream.receiveAll() == [1])
            client.reset()
            // The upstream sends nothing meanwhile.
            #expect(try await errors.next() != nil)
        }
    }

    @Test("A reset is noticed although nothing has been received for seconds", arguments: [false, true])
    func longAfterTheLastReceive(isClogged: Bool) async throws {
        var configuration = EventLoop.Configuration()
        configuration.closeTimeout = .milliseconds(300)
        let (channel, errors) = (Channel<ConnectionError?>(), Notes<ConnectionError?>())
        try await withRelay(.all, configuration: configuration, errors: channel) { client, upstream in
            if isClogged {
                _ = try await client.fill()
            } else {
                client.finish()
                #expect(try await upstream.receiveAll().isEmpty)
            }
            // Sockets that are not being received from are checked once a second. The first check finds nothing.
            try await Task.sleep(for: .milliseconds(2500))
            client.reset()
            let waiting = Task { errors.append(try await channel.next()) }
            defer { waiting.cancel() }
            try await eventually { !errors.contents.isEmpty }
            #expect(errors.contents[0] != nil)
        }
    }

    @Test("Urgent bytes and the bytes after them arrive in order", arguments: FeatureSet.allCases)
    func urgent(set: FeatureSet) async throws {
        try await withServer(set) { server in
            let peer = try await Peer.connect(to: server.address)
            for round in 0..<20 {
                try await peer.sendUrgent(behind: [1, 2, UInt8(round)], 3)
                try await peer.send([4, 5])
                #expect(try await peer.receive(6) == [1, 2, UInt8(round), 3, 4, 5])
            }
            peer.close()
        }
    }

    @Test("A relay forwards urgent bytes of an upstream in order", arguments: FeatureSet.allCases)
    func relayedUrgent(set: FeatureSet) async throws {
        try await withRelay(set) { client, upstream in
            for round in 0..<20 {
                try await upstream.sendUrgent(behind: [1, 2, UInt8(round)], 3)
                try await upstream.send([4, 5])
                #expect(try await client.receive(6) == [1, 2, UInt8(round), 3, 4, 5])
            }
        }
    }
}
