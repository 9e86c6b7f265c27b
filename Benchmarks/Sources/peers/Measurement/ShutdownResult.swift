/// How long a server takes to shut down while its peers are connected and idle, and how their connections end.
struct ShutdownResult: Encodable {
    let service: String
    let engine: IsolationEngine
    let connections: Int
    /// From SIGTERM to the end of the process, in each round.
    let seconds: [Double]
    /// Connections of all rounds that did not end gracefully.
    let broken: Int
    /// Rounds in which the server's exit code was not 0.
    let failures: Int

    /// - Parameter makeServer: starts the server of a round; everything that it holds ends with it.
    init(
        _ service: String,
        _ engine: IsolationEngine,
        connections count: Int,
        rounds: Int,
        _ makeServer: () throws -> (server: RunningServer, upstream: RunningServer?)
    ) throws {
        var (seconds, broken, failures): ([Double], Int, Int) = ([], 0, 0)
        for _ in 0..<rounds {
            let (server, upstream) = try makeServer()
            let connections = try (0..<count).map { _ in try LocalConnection(to: server.address) }
            // Each is idle after an echo, like a keep-alive connection.
            for connection in connections { try connection.echo(64) }
            let start = ContinuousClock.now
            if server.shutDown() != 0 { failures += 1 }
            seconds.append((ContinuousClock.now - start) / .seconds(1))
            broken += connections.count { !$0.hasEndedInOrder }
            upstream?.end()
        }
        self.service = service
        self.engine = engine
        self.connections = count
        self.seconds = seconds.sorted()
        self.broken = broken
        self.failures = failures
    }

    var median: Double { seconds[seconds.count / 2] }
}
