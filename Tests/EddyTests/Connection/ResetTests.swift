import Eddy
import Testing

@testable import Eddy

/// A broken connection is an error, and affects no other connection.
@Suite("connections: resets", .serialized, .timeLimit(.minutes(5)))
struct ResetTests {
    @Test("A reset ends a waiting read with an error", arguments: FeatureSet.allCases)
    func whileReading(set: FeatureSet) async throws {
        let errors = Channel<ConnectionError?>()
        let handler: TCPServer.Handler = { connection in
            do {
                while try await connection.read() != nil { try await connection.write("got it") }
                errors.send(nil)
            } catch let error as ConnectionError {
                errors.send(error)
                // The error persists.
                #expect(await connection.errorOfReading() == .reset)
                #expect(await connection.errorOfWriting("more") == .reset)
                #expect(await connection.errorOfEndingWriting() == .reset)
            }
        }
        try await withServer(set, handler: handler) { server in
            let peer = try await Peer.connect(to: server.address)
            try await peer.send([1, 2, 3])
            _ = try await peer.receive(6)
            peer.reset()
            #expect(try await errors.next() == .reset)
        }
    }

    @Test("A reset ends a waiting write with an error", arguments: FeatureSet.allCases)
    func whileWriting(set: FeatureSet) async throws {
        let (errors, full) = (Channel<ConnectionError?>(), Channel<Void>())
        let handler: TCPServer.Handler = { connection in
            let piece = randomBytes(64 << 10)
            let limit = UInt32(connection.eventLoop.configuration.highWatermark - piece.count)
            do {
                while true {
                    if connection.queuedBytes > limit { full.send(()) }
                    try await connection.write(Buffer.from(copying: piece.span))
                }
            } catch let error as ConnectionError {
                errors.send(error)
            }
        }
        try await withServer(set, handler: handler) { server in
            let peer = try await Peer.connect(to: server.address, receiveBuffer: 4096)
            try await full.next()
            peer.reset()
            #expect(try await errors.next() == .reset)
        }
    }

    @Test("Bytes that arrived before a reset are read before the error", arguments: FeatureSet.allCases)
    func bytesBeforeReset(set: FeatureSet) async throws {
        let outcome = Channel<(bytes: Int, error: ConnectionError?)>()
        let handler: TCPServer.Handler = { connection in
            // Bytes are received, and then the reset, while the handler does not read.
            guard let first = try await connection.read() else { return }
            let loop = connection.eventLoop
            while !loop.driver.connections[connection.id].lifecycle.hasFailed {
                try await loop.sleep(for: .milliseconds(1))
            }
            var bytes = first.count
            do {
                while let more = try await connection.read() { bytes += more.count }
                outcome.send((bytes, nil))
            } catch let error as ConnectionError {
                outcome.send((bytes, error))
            }
        }
        try await withServer(set, handler: handler) { server in
            let peer = try await Peer.connect(to: server.address)
            try await peer.send(randomBytes(1000))
            // All of it must be in the pool before the reset can destroy what is in the socket.
            try await eventually { await server.group.statistics().bytesReceived == 1000 }
            peer.reset()
            let (bytes, error) = try await outcome.next()
            #expect(bytes == 1000)
            #expect(error == .reset)
        }
    }

    @Test("A deliberate reset reaches the peer as a reset", arguments: FeatureSet.allCases)
    func onPurpose(set: FeatureSet) async throws {
        let handler: TCPServer.Handler = { connection in
            _ = try await connection.read()
            connection.reset()
        }
        try await withServer(set, handler: handler) { server in
            let peer = try await Peer.connect(to: server.address)
            try await peer.send([1])
            #expect(try await peer.receiveUntilBroken().error == .connectionReset)
        }
    }

    @Test("A deliberate reset does not wait for a peer that takes nothing", arguments: FeatureSet.allCases)
    func onPurposeWithFullQueue(set: FeatureSet) async throws {
        let handler: TCPServer.Handler = { connection in
            _ = try await connection.read(exactly: 1)
            try connection.set(.sendBufferSize(256 << 10))
            // Until the socket takes no more.
            repeat {
                try await connection.write(randomBytes(16 << 10))
                try await connection.eventLoop.sleep(for: .milliseconds(1))
            } while connection.queuedBytes == 0
            connection.reset()
        }
        var configuration = EventLoop.Configuration()
        configuration.closeTimeout = .seconds(1000)
        try await withServer(set, configuration: configuration, handler: handler) { server in
            let peer = try await Peer.connect(to: server.address, receiveBuffer: 4096)
            try await peer.send([1])
            try await eventually { await server.group.statistics().connectionsClosed == 1 }
            #expect(try await peer.receiveUntilBroken().error == .connectionReset)
        }
    }

    @Test("A reset ends the wait for a peer to take the last bytes", arguments: FeatureSet.allCases)
    func whileDelivering(set: FeatureSet) async throws {
        struct Failure: Error {}
        let handler: TCPServer.Handler = { connection in
            // The peer has half-closed: nothing is being received any more, so only the wait itself can notice the
            // reset.
            while try await connection.read() != nil {}
            try connection.set(.unsentLimit(1 << 20))
            try await connection.write(randomBytes(200_000))
            throw Failure()
        }
        var configuration = EventLoop.Configuration()
        configuration.closeTimeout = .seconds(1000)
        try await withServer(set, configuration: configuration, handler: handler) { server in
            let peer = try await Peer.connect(to: server.address, receiveBuffer: 4096)
            peer.finish()
            try await eventually { await server.group.statistics().bytesSent == 200_000 }
            peer.reset()
            try await eventually { await server.group.statistics().connections == 0 }
        }
    }

    @Test("When half of the peers reset, the others get all their bytes", arguments: FeatureSet.allCases)
    func bystanders(set: FeatureSet) async throws {
        try await withServer(set) { server in
            try await withThrowingTaskGroup { tasks in
                for number in 0..<20 {
                    tasks.addTask {
                        let peer = try await Peer.connect(to: server.address)
                        let sent = randomBytes(100_000, seed: UInt64(number) + 1)
                        if number.isMultiple(of: 2) {
                            try await peer.send(Array(sent.prefix(30_000)))
                            peer.reset()
                            return
                        }
                        async let received = peer.receiveAll()
                        try await peer.send(sent, inPiecesUpTo: 10_000, seed: UInt64(number))
                        peer.finish()
                        #expect(difference(try await received, from: sent) == nil)
                    }
                }
                try await tasks.waitForAll()
            }
        }
    }
}
