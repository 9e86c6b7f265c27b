import Eddy
import EddyBuffers
import Testing

@testable import Eddy

/// Runs `body` beside a server with loops of its own, shuts the server down, and checks that nothing is left over:
/// no slice, no connection, every descriptor closed once.
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
    // A connection that is closed by its timeout alone is closed too late, unless the test is about that.
    if configuration.closeTimeout == EventLoop.Configuration().closeTimeout {
        configuration.closeTimeout = patience * 2
    }
    let group = try EventLoopGroup(count: loops, configuration: configuration, features: set.features)
    defer { group.shutDown() }
    let server = try TCPServer(on: address, group: group, options: options)
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
    // A long grace is one that nobody needs; a short one is meant to end what is left.
    if grace >= patience {
        let isInTime = .now - start < grace
        #expect(isInTime, "handlers went on until the grace was over", sourceLocation: sourceLocation)
    }
    // Connections that handlers have made may be closed a moment later.
    try await eventually { await group.statistics().connections == 0 }
    let statistics = await group.statistics()
    for loop in group.loops {
        let promised = await loop.run { loop.bytesPromised }
        #expect(promised == 0, sourceLocation: sourceLocation)
    }
    expectBalance(statistics, sourceLocation: sourceLocation)
    return statistics
}

/// Longer than anything takes that a test does not mean to hold up.
let patience = Duration.seconds(40)

/// Sends back what it receives.
let echo: TCPServer.Handler = { connection in
    while let bytes = try await connection.read() { try await connection.write(bytes) }
}

/// Sends back what it has received when that has come to its end: until then a message is under way.
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

/// Runs `body` with a group of loops that ends after it.
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
    /// Without the watchdog, unless a test has set one up: a machine that runs all tests at once holds loops up, which
    /// is nobody's news, and hundreds of watchdogs would hold up the rest.
    var quiet: EventLoop.Configuration {
        var configuration = self
        if watchdog?.threshold == EventLoop.Watchdog().threshold { configuration.watchdog = nil }
        return configuration
    }
}
