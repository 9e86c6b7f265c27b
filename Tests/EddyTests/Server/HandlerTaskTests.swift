import Eddy
import Synchronization
import Testing

@testable import Eddy

/// Which task serves a connection, and when it starts.
@Suite("server: tasks of handlers", .serialized, .timeLimit(.minutes(5)))
struct HandlerTaskTests {
    /// The number of idle tasks of the only loop's only listener.
    private func idleTasks(of server: TCPServer) async throws -> Int {
        let loop = try #require(server.group.loops.first)
        return await loop.run { loop.listeners.all.map(\.idleTaskCount).reduce(0, +) }
    }

    @Test("A task that has served a connection waits for the next one and serves it")
    func isReused() async throws {
        try await withServer { server in
            for _ in 0..<20 {
                try await exchange(at: server.address)
                try await eventually { try await idleTasks(of: server) == 1 }
            }
            let peers = [try await Peer.connect(to: server.address), try await Peer.connect(to: server.address)]
            for peer in peers { try await exchange(with: peer) }
            #expect(try await idleTasks(of: server) == 0)
            for peer in peers { peer.close() }
            try await eventually { try await idleTasks(of: server) == 2 }
        }
    }

    @Test("After a crowd, most of the tasks end")
    func crowd() async throws {
        try await withServer { server in
            for _ in 0..<2 {
                var peers: [Peer] = []
                for _ in 0..<150 {
                    let peer = try await Peer.connect(to: server.address)
                    try await exchange(with: peer)
                    peers.append(peer)
                }
                #expect(try await idleTasks(of: server) == 0)
                for peer in peers { peer.close() }
                try await eventually { try await idleTasks(of: server) == 64 }
                try await eventually { await server.group.statistics().connections == 0 }
            }
        }
    }

    @Test("A handler that throws leaves nothing to the next one that its task runs")
    func failing() async throws {
        struct Failure: Error {}
        enum Number { @TaskLocal static var value = 0 }
        let values = Mutex<[Int]>([])
        let handler: TCPServer.Handler = { connection in
            values.withLock { $0.append(Number.value) }
            #expect(!Task.isCancelled)
            try await Number.$value.withValue(7) {
                _ = try await connection.read()
                throw Failure()
            }
        }
        let statistics = try await withServer(handler: handler) { server in
            for _ in 0..<5 {
                let peer = try await Peer.connect(to: server.address)
                try await peer.send([1])
                _ = try? await peer.receiveAll()
                peer.close()
                try await eventually { await server.group.statistics().connections == 0 }
            }
        }
        #expect(statistics.handlerFailures == 5)
        #expect(values.withLock { $0 } == [0, 0, 0, 0, 0])
    }

    @Test("A handler that cancels its own task does not concern the next connection")
    func selfCancelling() async throws {
        let cancellations = Mutex<[Bool]>([])
        let handler: TCPServer.Handler = { connection in
            cancellations.withLock { $0.append(Task.isCancelled) }
            try await echo(connection)
            withUnsafeCurrentTask { $0?.cancel() }
        }
        try await withServer(handler: handler) { server in
            for _ in 0..<5 {
                try await exchange(at: server.address)
                try await eventually { await server.group.statistics().connections == 0 }
            }
        }
        #expect(cancellations.withLock { $0 } == [false, false, false, false, false])
    }

    @Test(
        "A handler that continues without its connection may finish within the grace; then it is cancelled",
        arguments: [true, false]
    )
    func withoutConnection(finishes: Bool) async throws {
        let server = try TCPServer(on: "127.0.0.1:0", loops: 1)
        let outcomes = Channel<Bool>()
        let handler: TCPServer.Handler = { connection in
            let loop = connection.eventLoop
            do { _ = consume connection }
            do {
                try await loop.sleep(for: finishes ? .milliseconds(100) : .seconds(1000))
                outcomes.send(true)
            } catch {
                outcomes.send(false)
            }
        }
        async let running = server.run(handler)
        let peer = try await Peer.connect(to: server.address)
        #expect(try await peer.receiveAll() == [])
        peer.close()
        try await eventually { await server.group.statistics().connections == 0 }
        server.shutDown(grace: finishes ? .seconds(1000) : .milliseconds(50))
        let statistics = await running
        #expect(try await outcomes.next() == finishes)
        #expect(statistics.timers == 0)
    }

    // MARK: Starting on the first byte

    private static let onFirstByte: TCPServer.Options = {
        var options = TCPServer.Options()
        options.handlerStart = .onFirstByte(within: nil)
        return options
    }()

    /// The number of handlers that have started.
    private final class Starts: Sendable {
        private let storage = Mutex(0)
        var count: Int { storage.withLock { $0 } }
        func note() { storage.withLock { $0 += 1 } }
    }

    @Test("A handler starts when its peer has sent something or ended its stream, not before")
    func firstByte() async throws {
        let starts = Starts()
        let handler: TCPServer.Handler = { connection in
            starts.note()
            try await echo(connection)
        }
        try await withServer(options: Self.onFirstByte, handler: handler) { server in
            var peers: [Peer] = []
            for _ in 0..<10 { peers.append(try await Peer.connect(to: server.address)) }
            try await eventually { await server.group.statistics().connections == 10 }
            #expect(starts.count == 0)
            for peer in peers.prefix(3) { try await exchange(with: peer) }
            #expect(starts.count == 3)
            peers[3].finish()
            #expect(try await peers[3].receiveAll() == [])
            #expect(starts.count == 4)
            for peer in peers { peer.close() }
            try await eventually { await server.group.statistics().connections == 0 }
        }
    }

    @Test("A silent connection that is reset, or times out, is closed without a handler")
    func silentEnd() async throws {
        let starts = Starts()
        var configuration = EventLoop.Configuration()
        configuration.timeouts.read = .milliseconds(100)
        let handler: TCPServer.Handler = { connection in
            starts.note()
            try await echo(connection)
        }
        let statistics = try await withServer(
            configuration: configuration,
            options: Self.onFirstByte,
            handler: handler
        ) { server in
            let broken = try await Peer.connect(to: server.address)
            try await eventually { await server.group.statistics().connections == 1 }
            broken.reset()
            try await eventually { await server.group.statistics().connections == 0 }
            let silent = try await Peer.connect(to: server.address)
            let end = try await silent.receiveUntilBroken()
            #expect(end.bytes == [] && end.error == .connectionReset)
            silent.close()
            try await eventually { await server.group.statistics().connections == 0 }
        }
        #expect(starts.count == 0 && statistics.readTimeouts == 1 && statistics.handlerFailures == 0)
    }

    @Test("A peer has a limited time to send its first byte, and what follows is not limited by it")
    func firstByteLimit() async throws {
        let starts = Starts()
        var options = TCPServer.Options()
        options.handlerStart = .onFirstByte(within: .milliseconds(200))
        options.maximumConnections = 2
        let handler: TCPServer.Handler = { connection in
            starts.note()
            #expect(connection.timeouts == Connection.Timeouts())
            while let line = try await connection.readLine(limit: 100) { try await connection.write(line) }
        }
        let statistics = try await withServer(options: options, handler: handler) { server in
            let slow = try await Peer.connect(to: server.address)
            try await slow.send([1])
            try await eventually { starts.count == 1 }
            let silent = try await Peer.connect(to: server.address)
            let end = try await silent.receiveUntilBroken()
            #expect(end.bytes == [] && end.error == .connectionReset)
            silent.close()
            // Silent peers do not occupy the server for good.
            let next = try await Peer.connect(to: server.address)
            try await next.send([2, 10])
            #expect(try await next.receive(1) == [2])
            try await slow.send([10])
            #expect(try await slow.receive(1) == [1])
            for peer in [slow, next] { peer.close() }
        }
        #expect(starts.count == 2 && statistics.readTimeouts == 1)
    }

    @Test("A handler gets first bytes that arrive together with a reset")
    func brokenFirstBytes() async throws {
        let answers = Notes<(bytes: [UInt8], error: ConnectionError?)>()
        let handler: TCPServer.Handler = { answers.append(await $0.readUntilBroken()) }
        try await withServer(options: Self.onFirstByte, handler: handler) { server in
            let peer = try await Peer.connect(to: server.address)
            try await eventually { await server.group.statistics().connections == 1 }
            try await whileBlocked(server.group.loops[0]) {
                try await peer.send([2, 3])
                peer.reset()
            }
            try await eventually { await server.group.statistics().connections == 0 }
            #expect(answers.contents.first?.bytes == [2, 3])
            #expect(answers.contents.first?.error == .reset)
        }
    }

    @Test("First bytes that the loop has not seen when the server shuts down are answered")
    func firstBytesAtShutdown() async throws {
        try await withServer(options: Self.onFirstByte) { server in
            let loop = server.group.loops[0]
            // Otherwise the kernel receives them while the loop is blocked.
            guard loop.features.deferredTaskWork || server.group.engine.kind == .epoll else { return }
            let peer = try await Peer.connect(to: server.address)
            try await eventually { await server.group.statistics().connections == 1 }
            try await whileBlocked(loop) {
                try await peer.send([5])
            } last: {
                for listener in loop.listeners.all { listener.shutDown(grace: .seconds(10)) }
            }
            #expect(try await peer.receiveAll() == [5])
            peer.close()
        }
    }

    @Test("A server that shuts down closes silent connections at once, and answers what has been sent")
    func silentShutdown() async throws {
        let server = try TCPServer(on: "127.0.0.1:0", loops: 1, options: Self.onFirstByte)
        let address = server.address
        async let running = server.run { try await echo($0) }
        var peers: [Peer] = []
        for _ in 0..<10 { peers.append(try await Peer.connect(to: address)) }
        try await exchange(with: peers[0])
        try await eventually { await server.group.statistics().connections == 10 }
        try await peers[1].send([5])
        server.shutDown(grace: .seconds(30))
        #expect(try await peers[1].receiveAll() == [5])
        for peer in peers.dropFirst(2) { #expect(try await peer.receiveAll() == []) }
        for peer in peers { peer.close() }
        let statistics = await running
        #expect(statistics.connectionsAccepted == 10 && statistics.connections == 0 && statistics.timers == 0)
    }

    private func exchange(at address: SocketAddress) async throws {
        let peer = try await Peer.connect(to: address)
        defer { peer.close() }
        try await exchange(with: peer)
    }

    private func exchange(with peer: Peer) async throws {
        try await peer.send([1, 2, 3])
        #expect(try await peer.receive(3) == [1, 2, 3])
    }
}
