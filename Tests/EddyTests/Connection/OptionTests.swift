import Eddy
import EddySystem
import Foundation
import Testing

@testable import Eddy

/// Socket options and TCP_INFO of a connection.
@Suite("connections: TCP", .serialized, .timeLimit(.minutes(5)))
struct OptionTests {
    private static func value(_ level: Int32, _ name: Int32, of connection: borrowing Connection) -> Int32 {
        var value: Int32 = -1
        var length = socklen_t(MemoryLayout<Int32>.size)
        let descriptor = connection.eventLoop.driver.connections[connection.id].descriptor
        return getsockopt(descriptor, level, name, &value, &length) == 0 ? value : -1
    }

    @Test("Options reach the system")
    func options() async throws {
        let done = Channel<Void>()
        let handler: TCPServer.Handler = { connection in
            let tcp = Int32(IPPROTO_TCP)
            #expect(Self.value(tcp, TCP_NODELAY, of: connection) == 1)
            try connection.set(.noDelay(false))
            #expect(Self.value(tcp, TCP_NODELAY, of: connection) == 0)
            try connection.set(.keepAlive(idle: .seconds(30), interval: .milliseconds(1500), count: 4))
            #expect(Self.value(SOL_SOCKET, SO_KEEPALIVE, of: connection) == 1)
            #expect(Self.value(tcp, TCP_KEEPIDLE, of: connection) == 30)
            #expect(Self.value(tcp, TCP_KEEPINTVL, of: connection) == 2)
            #expect(Self.value(tcp, TCP_KEEPCNT, of: connection) == 4)
            try connection.set(.noKeepAlive)
            #expect(Self.value(SOL_SOCKET, SO_KEEPALIVE, of: connection) == 0)
            try connection.set(.userTimeout(.seconds(7)))
            #expect(Self.value(tcp, TCP_USER_TIMEOUT, of: connection) == 7000)
            try connection.set(.sendBufferSize(20_000))
            #expect(Self.value(SOL_SOCKET, SO_SNDBUF, of: connection) == 40_000)
            try connection.set(.receiveBufferSize(30_000))
            #expect(Self.value(SOL_SOCKET, SO_RCVBUF, of: connection) == 60_000)
            try connection.set(.quickAcknowledgement(false))
            #expect(Self.value(tcp, TCP_QUICKACK, of: connection) == 0)
            try connection.set(.quickAcknowledgement(true))
            #expect(Self.value(tcp, TCP_QUICKACK, of: connection) == 1)
            #expect(throws: ConnectionError.option(.invalidArgument)) {
                try connection.set(.keepAlive(idle: .zero, interval: .seconds(1), count: 1))
            }
            #expect(throws: ConnectionError.option(.invalidArgument)) {
                try connection.set(.keepAlive(idle: .seconds(Int64.min), interval: .seconds(1), count: 1))
            }
            done.send(())
        }
        try await withServer(handler: handler) { server in
            let peer = try await Peer.connect(to: server.address)
            try await done.next()
            peer.close()
        }
    }

    /// Values that differ from every default.
    private static let unusual: [TCPOption] = [
        .keepAlive(idle: .seconds(41), interval: .seconds(7), count: 3), .userTimeout(.seconds(9)),
    ]

    private static func expectUnusual(
        _ connection: borrowing Connection,
        from location: SourceLocation = #_sourceLocation
    ) {
        let tcp = Int32(IPPROTO_TCP)
        #expect(value(SOL_SOCKET, SO_KEEPALIVE, of: connection) == 1, sourceLocation: location)
        #expect(value(tcp, TCP_KEEPIDLE, of: connection) == 41, sourceLocation: location)
        #expect(value(tcp, TCP_KEEPINTVL, of: connection) == 7, sourceLocation: location)
        #expect(value(tcp, TCP_KEEPCNT, of: connection) == 3, sourceLocation: location)
        #expect(value(tcp, TCP_USER_TIMEOUT, of: connection) == 9000, sourceLocation: location)
    }

    @Test("A server's socket options are set on every connection that it accepts", arguments: [true, false])
    func optionsOfServer(handsOver: Bool) async throws {
        let done = Channel<Void>()
        var options = TCPServer.Options()
        options.socketOptions = Self.unusual
        if handsOver { options.accepting = .distributing(.roundRobin) }
        let handler: TCPServer.Handler = { connection in
            Self.expectUnusual(connection)
            done.send(())
        }
        try await withServer(loops: 2, options: options, handler: handler) { server in
            for _ in 0..<8 {
                let peer = try await Peer.connect(to: server.address)
                try await done.next()
                peer.close()
            }
        }
    }

    @Test("A server's socket options are set on connections of an inherited socket")
    func optionsOfInheritedSocket() async throws {
        let descriptor = try Socket.openStream(for: .loopback(port: 0))
        try Socket.bind(descriptor, to: .loopback(port: 0))
        try Socket.listen(descriptor, backlog: 16)
        let done = Channel<Void>()
        var options = TCPServer.Options()
        options.socketOptions = Self.unusual
        let server = try TCPServer(on: .inherited(.descriptor(descriptor)), loops: 1, options: options)
        async let running = server.run { connection in
            Self.expectUnusual(connection)
            done.send(())
        }
        let peer = try await Peer.connect(to: server.address)
        try await done.next()
        peer.close()
        server.shutDown(grace: patience)
        expectBalance(await running)
    }

    @Test("Creating a server with socket options that the system rejects fails")
    func wrongOptionsOfServer() throws {
        var options = TCPServer.Options()
        options.socketOptions = [.keepAlive(idle: .zero, interval: .seconds(1), count: 1)]
        let address = SocketAddress.loopback(port: 0)
        #expect(throws: ServerError.system(address, .invalidArgument)) {
            _ = try TCPServer(on: .address(address), loops: 1, options: options)
        }
    }

    @Test("A client's socket options are set on its connections")
    func optionsOfClient() async throws {
        try await withServer { server in
            try await withLoops { group in
                var options = ConnectOptions()
                options.socketOptions = Self.unusual
                let endpoint = Endpoint(server.address)
                try await TCPClient(group: group, options: options).connect(to: endpoint) { connection in
                    Self.expectUnusual(connection)
                }
                options.socketOptions = [.keepAlive(idle: .zero, interval: .seconds(1), count: 1)]
                let error = await errorOfConnecting(through: group, to: endpoint, options)
                #expect(error == .failed(endpoint, [ConnectAttempt(server.address, .invalidArgument)]))
                expectBalance(await group.statistics())
            }
        }
    }

    @Test("A Unix domain socket has no TCP options and no TCP_INFO")
    func unixSocket() async throws {
        let handler: TCPServer.Handler = { connection in
            #expect(throws: ConnectionError.option(.notSupported)) { try connection.set(.noDelay(true)) }
            #expect(throws: ConnectionError.option(.notSupported)) { _ = try connection.information() }
            try await connection.write("looked")
        }
        try await withTemporaryDirectory { directory in
            let path = try SocketAddress(unixPath: directory.appending(path: "s").path)
            try await withServer(on: path, handler: handler) { server in
                let peer = try await Peer.connect(to: server.address)
                #expect(try await peer.receiveAll() == Array("looked".utf8))
            }
        }
    }

    @Test("TCP_INFO counts the bytes of both directions")
    func information() async throws {
        let done = Channel<TCPInformation>()
        let handler: TCPServer.Handler = { connection in
            _ = try await connection.read(exactly: 100_000)
            try await connection.write(randomBytes(50_000))
            _ = try await connection.read(exactly: 1)
            done.send(try connection.information())
        }
        try await withServer(handler: handler) { server in
            let peer = try await Peer.connect(to: server.address)
            try await peer.send(randomBytes(100_000))
            _ = try await peer.receive(50_000)
            try await peer.send([1])
            let information = try await done.next()
            #expect(information.bytesReceived == 100_001)
            #expect(information.bytesAcknowledged == 50_000)
            #expect(information.bytesSent == 50_000 + information.bytesRetransmitted)
            #expect(information.congestionWindow > 0)
            #expect(information.sendSegmentSize > 500)
            #expect(information.roundTripTime > .zero)
            #expect(information.minimumRoundTripTime > .zero)
            #expect(information.retransmissionTimeout >= .milliseconds(1))
            #expect(information.unacknowledgedSegments == 0)
            #expect(information.bytesNotSent == 0)
            peer.close()
        }
    }

    @Test("After endReading, received bytes are dropped, and writes still work", arguments: FeatureSet.allCases)
    func endReading(set: FeatureSet) async throws {
        let handler: TCPServer.Handler = { connection in
            _ = try await connection.read(exactly: 1)
            connection.endReading()
            #expect(try await connection.isAtEnd())
            let isAtEnd = try await connection.readLine(limit: 10) == nil
            #expect(isAtEnd)
            try await connection.write("still writing")
            // The peer is not blocked: it sends far more than all buffers on the way hold.
            let (loop, id) = (connection.eventLoop, connection.id)
            while loop.driver.connections[id].receiving.input != .ended { try await loop.sleep(for: .milliseconds(1)) }
            let hasReadEverything = connection.hasReadEverything
            #expect(hasReadEverything)
        }
        try await withServer(set, configuration: .patient, handler: handler) { server in
            let peer = try await Peer.connect(to: server.address)
            try await peer.send(randomBytes(24 << 20))
            #expect(try await peer.receive(13) == Array("still writing".utf8))
            peer.finish()
            #expect(try await peer.receiveAll().isEmpty)
        }
    }
}
