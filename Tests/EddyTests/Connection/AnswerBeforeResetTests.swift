import Eddy
import EddyRing
import Testing

@testable import Eddy

/// A reset never overtakes bytes that came before it, although a send is told of it first: the system keeps what it has
/// acknowledged until it is received (libuv issue 2643, swift-nio issue 593).
@Suite("connections: an answer before a reset", .serialized, .timeLimit(.minutes(5)))
struct AnswerBeforeResetTests {
    private static func expectPattern(_ bytes: [UInt8], atLeast count: Int) {
        #expect(bytes.count >= count)
        for start in stride(from: 0, to: bytes.count, by: 64 << 10) {
            let piece = bytes[start...].prefix(64 << 10)
            #expect(piece == Peer.counting[(start % 251)...].prefix(piece.count))
        }
    }

    @Test("A write that fails leaves the answer to be read", arguments: FeatureSet.allCases)
    func readAfterWrite(set: FeatureSet) async throws {
        let (broken, answers) = (Gate(), Channel<(bytes: [UInt8], error: ConnectionError?)>())
        let handler: TCPServer.Handler = { connection in
            await broken.wait()
            var error: ConnectionError?
            // The first writes may be taken by the system, which only then hears of the reset.
            while error == nil { error = await connection.errorOfWriting("more") }
            #expect(error == .reset)
            #expect(await connection.errorOfEndingWriting() == .reset)
            var bytes: [UInt8] = []
            do throws(ConnectionError) {
                while let piece = try await connection.read() { bytes += Array(piece) }
                answers.send((bytes, nil))
            } catch {
                answers.send((bytes, error))
            }
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

    @Test("A relay passes on the answer of an upstream that resets", arguments: FeatureSet.allCases, [false, true])
    func relayed(set: FeatureSet, uploads: Bool) async throws {
        let errors = Channel<ConnectionError?>()
        try await withRelay(set, errors: errors) { client, upstream in
            if uploads { _ = try await client.fill() }
            let acknowledged = try await upstream.fill()
            // What nobody has read makes the close a reset; this one is a reset without a doubt.
            upstream.reset()
            if !uploads { try await client.send([1]) }
            let (bytes, error) = try await client.receiveUntilBroken()
            Self.expectPattern(bytes, atLeast: acknowledged)
            #expect(error == .connectionReset)
            #expect(try await errors.next() != nil)
        }
    }

    @Test("A relay passes on what a client has sent before it resets", arguments: FeatureSet.allCases)
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

    /// Nothing is received from a side whose bytes the other one does not take, so no receive is told of its reset
    /// (tcptunnelchecker's "clogged close").
    @Test("A reset behind a side that takes nothing is noticed", arguments: FeatureSet.allCases, [false, true])
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
            // The upstream has nothing to say meanwhile.
            #expect(try await errors.next() != nil)
        }
    }

    @Test("Urgent bytes and those behind them arrive in order", arguments: FeatureSet.allCases)
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
}
