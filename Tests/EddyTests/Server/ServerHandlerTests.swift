import Eddy
import Foundation
import Testing

@testable import Eddy

/// What a handler does affects only its own connection.
@Suite("server: handlers", .serialized, .timeLimit(.minutes(5)))
struct ServerHandlerTests {
    private struct Mistake: Error {}

    @Test("A handler that throws resets its connection after what it wrote", arguments: FeatureSet.allCases)
    func throwing(set: FeatureSet) async throws {
        let handler: TCPServer.Handler = { connection in
            guard let bytes = try await connection.read() else { return }
            try await connection.write(bytes)
            throw Mistake()
        }
        let statistics = try await withServer(set, handler: handler) { server in
            for _ in 0..<3 {
                let peer = try await Peer.connect(to: server.address)
                try await peer.send([1, 2, 3])
                let (bytes, error) = try await peer.receiveUntilBroken()
                #expect(bytes == [1, 2, 3])
                #expect(error == .connectionReset)
            }
        }
        #expect(statistics.handlerFailures == 3)
    }

    @Test("A handler that returns at once closes gracefully while its peer sends", arguments: FeatureSet.allCases)
    func returning(set: FeatureSet) async throws {
        let handler: TCPServer.Handler = { _ in }
        let statistics = try await withServer(set, handler: handler) { server in
            let peer = try await Peer.connect(to: server.address)
            try await peer.send(randomBytes(100_000))
            #expect(try await peer.receiveAll().isEmpty)
            peer.close()
        }
        #expect(statistics.handlerFailures == 0)
    }

    @Test("Bytes written before the handler returned arrive completely", arguments: FeatureSet.allCases)
    func writingAndReturning(set: FeatureSet) async throws {
        let reply = randomBytes(400_000)
        let handler: TCPServer.Handler = { try await $0.write(reply) }
        // Enough time for a test that has to wait for its turn.
        var configuration = EventLoop.Configuration()
        configuration.closeTimeout = .seconds(100)
        try await withServer(set, configuration: configuration, handler: handler) { server in
            let peer = try await Peer.connect(to: server.address, receiveBuffer: 4096)
            // Unread bytes must not turn the close into a reset, which would destroy the reply.
            try await peer.send(randomBytes(10_000))
            #expect(difference(try await peer.receiveAll(), from: reply) == nil)
        }
    }

    @Test("A peer that first sends everything gets the whole answer, read or not", arguments: FeatureSet.allCases)
    func uploadBeforeAnswer(set: FeatureSet) async throws {
        // More than both sockets and a window take.
        let (upload, reply) = ([UInt8](repeating: 1, count: 16 << 20), randomBytes(16 << 20))
        let handler: TCPServer.Handler = { connection in
            connection.setWatermarks(low: 1 << 20, high: 32 << 20)
            try await connection.write(copying: reply.span)
        }
        try await withServer(set, handler: handler) { server in
            let peer = try await Peer.connect(to: server.address)
            try await peer.send(upload)
            peer.finish()
            #expect(difference(try await peer.receiveAll(), from: reply) == nil)
        }
    }

    @Test("A handler that never reads ends with the server's grace", arguments: FeatureSet.allCases)
    func neverReading(set: FeatureSet) async throws {
        let running = Channel<Void>()
        let handler: TCPServer.Handler = { connection in
            running.send(())
            try await connection.eventLoop.sleep(for: .seconds(1000))
        }
        let statistics = try await withServer(set, grace: .milliseconds(1), handler: handler) { server in
            let peer = try await Peer.connect(to: server.address)
            try await running.next()
            server.shutDown(grace: .milliseconds(1))
            #expect(try await peer.receiveUntilBroken().error == .connectionReset)
        }
        #expect(statistics.handlerFailures == 1)
    }

    @Test("A peer that never closes is reset after the close timeout", arguments: FeatureSet.allCases)
    func closeTimeout(set: FeatureSet) async throws {
        var configuration = EventLoop.Configuration()
        configuration.closeTimeout = .milliseconds(20)
        let handler: TCPServer.Handler = { _ in }
        try await withServer(set, configuration: configuration, handler: handler) { server in
            let peer = try await Peer.connect(to: server.address)
            #expect(try await peer.receiveAll().isEmpty)
            try await eventually { await server.group.statistics().connections == 0 }
            // The first byte sent reports it at the latest.
            await #expect(throws: SystemError.self) { for _ in 0..<1000 { try await peer.send([1]) } }
        }
    }

    @Test("The close timeout begins when the handler has returned")
    func closeDeadline() async throws {
        var configuration = EventLoop.Configuration()
        configuration.closeTimeout = .seconds(100)
        let ids = Channel<ConnectionID>()
        let handler: TCPServer.Handler = { ids.send($0.id) }
        try await withServer(configuration: configuration, handler: handler) { server in
            let loop = server.group.next()
            let peer = try await Peer.connect(to: server.address)
            let id = try await ids.next()
            #expect(try await peer.receiveAll().isEmpty)
            let left = await loop.run {
                loop.now.duration(to: loop.driver.deadlines[loop.driver.makeDeadlines(id)].due)
            }
            #expect(left > .seconds(50) && left < .seconds(101))
            peer.close()
        }
    }

    @Test("A peer slower than the close timeout gets everything", arguments: [false, true])
    func slowPeer(throwing: Bool) async throws {
        var configuration = EventLoop.Configuration()
        configuration.closeTimeout = .seconds(5)
        let reply = randomBytes(400_000)
        let handler: TCPServer.Handler = { connection in
            _ = try await connection.read(exactly: 1)
            try await connection.write(reply)
            if throwing { throw Mistake() }
        }
        try await withServer(configuration: configuration, handler: handler) { server in
            let peer = try await Peer.connect(to: server.address, receiveBuffer: 4096)
            async let received = peer.receiveUntilBroken(pause: .milliseconds(100))
            try await peer.send([1])
            let (bytes, error) = try await received
            #expect(difference(bytes, from: reply) == nil)
            #expect(error == (throwing ? .connectionReset : nil))
        }
    }

    @Test("A slow Unix-socket peer still receives everything, although nothing is acknowledged")
    func slowPeerOnPath() async throws {
        var configuration = EventLoop.Configuration()
        configuration.closeTimeout = .seconds(5)
        let reply = randomBytes(4 << 20)
        let handler: TCPServer.Handler = { connection in
            connection.setWatermarks(low: 1, high: 8 << 20)
            try await connection.write(reply)
        }
        try await withTemporaryDirectory { [configuration] directory in
            let path = try SocketAddress(unixPath: directory.appending(path: "s").path)
            try await withServer(on: path, configuration: configuration, handler: handler) { server in
                let peer = try await Peer.connect(to: server.address)
                let (bytes, error) = try await peer.receiveUntilBroken(pause: .milliseconds(100))
                #expect(difference(bytes, from: reply) == nil)
                #expect(error == nil)
            }
        }
    }

    @Test("A connection may be passed to a child task", arguments: FeatureSet.allCases)
    func childTask(set: FeatureSet) async throws {
        let handler: TCPServer.Handler = { connection in
            let carrier = ConnectionCarrier(connection)
            try await withThrowingTaskGroup { tasks in
                tasks.addTask { try await carrier.serve(echo) }
                try await tasks.waitForAll()
            }
        }
        try await withServer(set, handler: handler) { server in
            let peer = try await Peer.connect(to: server.address)
            try await peer.send([1, 2, 3])
            #expect(try await peer.receive(3) == [1, 2, 3])
            peer.close()
        }
    }

    @Test("A connection that is dropped on another thread is still closed", arguments: FeatureSet.allCases)
    func droppedElsewhere(set: FeatureSet) async throws {
        let handler: TCPServer.Handler = { connection in
            try await connection.write("bye")
            let carrier = ConnectionCarrier(connection)
            await Task.detached { carrier.drop() }.value
        }
        try await withServer(set, handler: handler) { server in
            let peer = try await Peer.connect(to: server.address)
            #expect(try await peer.receiveAll() == Array("bye".utf8))
            peer.close()
        }
    }

    @Test("Using a connection on another thread fails and affects no other connection", arguments: FeatureSet.allCases)
    func usedElsewhere(set: FeatureSet) async throws {
        let errors = Channel<(any Error)?>()
        let handler: TCPServer.Handler = { connection in
            guard let first = try await connection.read(), first[0] == 1 else { return try await echo(connection) }
            // The most natural mistake: a task that does not run on the loop.
            let carrier = ConnectionCarrier(connection)
            Task {
                do {
                    try await carrier.write("wrong")
                    errors.send(nil)
                } catch {
                    errors.send(error)
                }
            }
        }
        try await withServer(set, handler: handler) { server in
            let (good, wrong) = (try await Peer.connect(to: server.address), try await Peer.connect(to: server.address))
            try await good.send([2])
            try await wrong.send([1])
            #expect(try await errors.next() as? ConnectionError == .usedElsewhere)
            let (bytes, error) = try await wrong.receiveUntilBroken()
            #expect(bytes.isEmpty && error == .connectionReset)
            try await good.send([3])
            #expect(try await good.receive(1) == [3])
        }
    }

    @Test("Reading, framing and half-closing on another thread fail as well")
    func readElsewhere() async throws {
        let errors = Channel<[ConnectionError?]>()
        let handler: TCPServer.Handler = { connection in
            let carrier = ConnectionCarrier(connection)
            Task { errors.send(await carrier.errorsOfUse()) }
        }
        try await withServer(handler: handler) { server in
            let peer = try await Peer.connect(to: server.address)
            let all = try await errors.next()
            #expect(all.count == 5 && all.allSatisfy { $0 == .usedElsewhere })
            #expect(try await peer.receiveUntilBroken().error == .connectionReset)
        }
    }

    @Test("Bytes from another thread's pool are sent, joined or not", arguments: FeatureSet.allCases)
    func foreignMemory(set: FeatureSet) async throws {
        let count = 200
        let handler: TCPServer.Handler = { connection in
            let carriers = try await blocking {
                (0..<count).map { Carrier(Buffer.from(copying: [UInt8](repeating: UInt8($0), count: 8).span)) }
            }
            // They are adjacent in memory, and the queue joins them.
            for carrier in carriers {
                guard let buffer = carrier.take() else { continue }
                try await connection.write(buffer)
            }
        }
        try await withServer(set, handler: handler) { server in
            let peer = try await Peer.connect(to: server.address)
            let expected = (0..<count).flatMap { [UInt8](repeating: UInt8($0), count: 8) }
            #expect(difference(try await peer.receiveAll(), from: expected) == nil)
        }
    }
}
