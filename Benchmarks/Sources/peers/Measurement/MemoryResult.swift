/// How much memory a server takes.
struct MemoryResult: Encodable {
    let peer: String
    let title: String
    /// After one connection has come, had an echo, and gone.
    let baseBytes: Int
    let connections: Int
    /// More for each connection that has sent nothing yet.
    let bytesPerIdleConnection: Double
    /// More for each after it had one echo.
    let bytesPerUsedConnection: Double

    /// Measures a server that nobody else uses. What one message allocates for good belongs to the base.
    init(of peer: Peer, connections count: Int) throws {
        let server = try peer.start(.fiftySmall, Peer.Place())
        defer { server.end() }
        let statistics = ProcessStatistics(process: server.process)
        func restingBytes() throws -> Int {
            try statistics.waitUntilIdle()
            return try statistics.residentBytes()
        }

        try LocalConnection(to: server.address).echo(Self.messageSize)
        let base = try restingBytes()
        let connections = try (0..<count).map { _ in try LocalConnection(to: server.address) }
        // Swift would close them after their last use, and that is before the last look.
        let (idle, used) = try withExtendedLifetime(connections) {
            let idle = try restingBytes()
            for connection in connections { try connection.echo(Self.messageSize) }
            return (idle, try restingBytes())
        }

        self.peer = peer.name
        self.title = peer.title(.fiftySmall)
        self.connections = count
        baseBytes = base
        bytesPerIdleConnection = Double(idle - base) / Double(count)
        bytesPerUsedConnection = Double(used - base) / Double(count)
    }

    private static let messageSize: UInt32 = 64
}
