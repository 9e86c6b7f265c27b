import Eddy
import EddyBuffers
import Testing

@testable import Eddy

/// Runs `body` with a server on loops of its own, shuts the server down, and checks that nothing is left over: no
/// slice, no connection, every descriptor closed once.
@discardableResult
func withServer(
    _ set: FeatureSet = .all,
    on address: SocketAddress = .loopback(port: 0),
    loops: Int = 1,
    configuration: EventLoop.Configuration = .init(),
    options: TCPServer.Options = .init(),
    grace: Duration = patience,
    handler: @escaping TCPServer.Handler = echo,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ body: (TCPServer) async throws -> Void
) async throws -> EventLoop.Statistics {
    var configuration = configuration.quiet
    // A connection that only its timeout closes is closed too late, unless the test is about that.
    if configuration.closeTimeout == EventLoop.Configuration().closeTimeout {
        configuration.closeTimeout = patience * 2
    }
    let group = try EventLoopGroup(count: loops, configuration: configuration, features: set.features)
    defer { group.shutDown() }
    let server = try TCPServer(on: .address(address), group: group, options: options)
    async let running = server.run(handler)
    do {
        try await body(server)
    } catch {
        server.shutDown(grace: .zero)
        _ = await running
        throw error
    }
    let start = ContinuousClock.now
    server.shutDown(grace: grace)
    _ = await running
    // A long grace is never needed; a short one is meant to end what is left.
    if grace >= patience {
        let isInTime = .now - start < grace
        #expect(isInTime, "handlers ran until the grace was over", sourceLocation: sourceLocation)
    }
    // Connections that handlers made may be closed a moment later.
    try await eventually { await group.statistics().connections == 0 }
    let statistics = await group.statistics()
    for loop in group.loops {
        let promised = await loop.run { loop.bytesPromised }
        #expect(promised == 0, sourceLocation: sourceLocation)
    }
    expectBalance(statistics, sourceLocation: sourceLocation)
    return statistics
}

/// Longer than anything takes that a test does not delay on purpose.
let patience = Duration.seconds(40)

/// Echoes what it receives.
let echo: TCPServer.Handler = { connection in
    while let bytes = try await connection.read() { try await connection.write(bytes) }
}

/// Echoes what it has received after the end of the stream: until then a message is in progress.
let answerAtTheEnd: TCPServer.Handler = { connection in
    var pieces: [SharedBuffer] = []
    while let bytes = try await connection.read() { pieces.append(bytes.share()) }
    for piece in pieces { try await connection.write(piece) }
}

/// Nothing is held any more.
func expectBalance(_ statistics: EventLoop.Statistics, sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(statistics.pool.slicesOut == 0, sourceLocation: sourceLocation)
    #expect(statistics.connections == 0, sourceLocation: sourceLocation)
    #expect(statistics.queuedBytes == 0, sourceLocation: sourceLocation)
    #expect(
        statistics.connectionsAccepted + statistics.connectionsOpened == statistics.connectionsClosed,
        sourceLocation: sourceLocation
    )
}

/// Runs `body` with a group of loops that ends afterwards.
func withLoops<Success>(
    _ set: FeatureSet = .all,
    count: Int = 1,
    configuration: EventLoop.Configuration = .init(),
    _ body: (EventLoopGroup) async throws -> Success
) async throws -> Success {
    let group = try EventLoopGroup(count: count, configuration: configuration.quiet, features: set.features)
    defer { group.shutDown() }
    return try await body(group)
}

extension EventLoop.Configuration {
    /// Without the watchdog, unless a test sets one up: a machine that runs all tests at once delays loops, which is
    /// not worth a report, and hundreds of watchdogs would delay everything else.
    var quiet: EventLoop.Configuration {
        var configuration = self
        if watchdog?.threshold == EventLoop.Watchdog().threshold { configuration.watchdog = nil }
        return configuration
    }
}
