import Eddy
import Testing

@testable import Eddy

/// Connections that the client opens.
@Suite("connections: connect", .serialized, .timeLimit(.minutes(5)))
struct ConnectTests {
    @Test("Bytes flow both ways, and both ends report the right addresses", arguments: FeatureSet.allCases)
    func connects(set: FeatureSet) async throws {
        let listener = try PeerListener()
        try await withLoops(set) { group in
            async let accepted = listener.accept()
            let loop = group.next()
            let connecting = Task {
                try await loop.run {
                    try await loop.connect(to: listener.address) { connection in
                        #expect(connection.remoteAddress == listener.address)
                        #expect(connection.localAddress != nil)
                        try await connection.write("hello")
                        let reply = try await connection.gather(5)
                        return reply
                    }
                }
            }
            let peer = try await accepted
            #expect(try await peer.receive(5) == Array("hello".utf8))
            try await peer.send(Array("world".utf8))
            #expect(try await connecting.value == Array("world".utf8))
            peer.close()
            try await eventually { await group.statistics().connections == 0 }
            expectBalance(await group.statistics())
        }
    }

    @Test("Connecting to a port without a listener is refused", arguments: FeatureSet.allCases)
    func refused(set: FeatureSet) async throws {
        let closed = try ClosedPort()
        try await withLoops(set) { group in
            let loop = group.next()
            let attempt = ConnectAttempt(closed.address, .connectionRefused)
            await #expect(throws: ConnectError.refused(Endpoint(closed.address), [attempt])) {
                try await loop.run { try await loop.connect(to: closed.address) { _ in } }
            }
            expectBalance(await group.statistics())
        }
    }

    /// If a socket's own port is the port that it connects to, TCP connects the socket to itself (simultaneous open).
    @Test(
        "A socket that would connect to itself is refused",
        arguments: FeatureSet.allCases,
        hasIPv6Loopback ? ["127.0.0.1:0", "[::1]:0"] : ["127.0.0.1:0"]
    )
    func toItself(set: FeatureSet, host: String) async throws {
        // The port is free again as soon as it is known.
        let address = try ClosedPort(on: SocketAddress(host)).address
        var options = ConnectOptions()
        options.localAddress = address
        let connectOptions = options
        try await withLoops(set) { group in
            let loop = group.next()
            let attempt = ConnectAttempt(address, .connectionRefused)
            await #expect(throws: ConnectError.refused(Endpoint(address), [attempt])) {
                try await loop.run { try await loop.connect(to: address, options: connectOptions) { _ in } }
            }
            expectBalance(await group.statistics())
        }
    }

    @Test("The error names an address that cannot be reached")
    func unreachable() async throws {
        // The broadcast address accepts no connections.
        let address = try SocketAddress("255.255.255.255:9")
        try await withLoops { group in
            let loop = group.next()
            let error = await #expect(throws: ConnectError.self) {
                try await loop.run { try await loop.connect(to: address) { _ in } }
            }
            #expect(error?.description.contains("255.255.255.255:9") == true)
            expectBalance(await group.statistics())
        }
    }

    @Test("A task that is cancelled before it connects makes no connection", arguments: FeatureSet.allCases)
    func cancelledBefore(set: FeatureSet) async throws {
        let listener = try PeerListener()
        try await withLoops(set) { group in
            let loop = group.next()
            let gate = Gate()
            let task = Task {
                await gate.wait()
                try await loop.run { try await loop.connect(to: listener.address) { _ in } }
            }
            task.cancel()
            gate.open()
            await #expect(throws: ConnectError.cancelled) { try await task.value }
            try await eventually { await group.statistics().connections == 0 }
            expectBalance(await group.statistics())
        }
    }

    @Test("Cancelling a task that waits to read or to write ends it", arguments: FeatureSet.allCases, [true, false])
    func cancelledWhileWaiting(set: FeatureSet, reads: Bool) async throws {
        let listener = try PeerListener()
        try await withLoops(set) { group in
            let loop = group.next()
            let waiting = Channel<Void>()
            let task = Task {
                try await loop.run {
                    try await loop.connect(to: listener.address) { connection in
                        if reads {
                            waiting.send(())
                            _ = try await connection.read()
                        }
                        let piece = randomBytes(64 << 10)
                        while true {
                            if Int(connection.queuedBytes) + piece.count > loop.configuration.highWatermark {
                                waiting.send(())
                            }
                            try await connection.write(piece)
                        }
                    }
                }
            }
            let peer = try await listener.accept()
            try await waiting.next()
            task.cancel()
            await #expect(throws: ConnectionError.cancelled) { try await task.value }
            #expect(try await peer.receiveUntilBroken().error == .connectionReset)
            try await eventually { await group.statistics().connections == 0 }
            expectBalance(await group.statistics())
        }
    }

    @Test("A body that throws resets the connection after what it wrote", arguments: FeatureSet.allCases)
    func bodyThrows(set: FeatureSet) async throws {
        struct Mistake: Error {}
        let listener = try PeerListener()
        try await withLoops(set) { group in
            let loop = group.next()
            let task = Task {
                try await loop.run {
                    try await loop.connect(to: listener.address) { connection in
                        try await connection.write("half an answ")
                        throw Mistake()
                    }
                }
            }
            let peer = try await listener.accept()
            await #expect(throws: Mistake.self) { try await task.value }
            let (bytes, error) = try await peer.receiveUntilBroken()
            #expect(bytes == Array("half an answ".utf8))
            #expect(error == .connectionReset)
            try await eventually { await group.statistics().connections == 0 }
        }
    }

    @Test("The limit of connections is exact", arguments: [1, 3])
    func limit(maximum: Int) async throws {
        var configuration = EventLoop.Configuration()
        configuration.maximumConnections = maximum
        let listener = try PeerListener()
        try await withLoops(configuration: configuration) { group in
            let loop = group.next()
            try await loop.run { try await connectNested(loop, to: listener.address, depth: maximum) }
            try await eventually { await group.statistics().connections == 0 }
            // There is room again.
            try await loop.run { try await loop.connect(to: listener.address) { $0.reset() } }
            try await eventually { await group.statistics().connections == 0 }
            expectBalance(await group.statistics())
        }
    }
}

/// Opens `depth` connections, and expects one more to be refused.
@concurrent
private func connectNested(_ loop: EventLoop, to address: SocketAddress, depth: Int) async throws {
    if depth == 0 {
        let limit = loop.configuration.maximumConnections
        await #expect(throws: ConnectError.tooManyConnections(limit: limit)) {
            try await loop.connect(to: address) { _ in }
        }
        return
    }
    try await loop.connect(to: address) { connection in
        try await connectNested(loop, to: address, depth: depth - 1)
        connection.reset()
    }
}
