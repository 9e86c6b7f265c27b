/// The memory of a server.
struct MemoryResult: Encodable {
    let peer: String
    let title: String
    /// After one connection was made, echoed once, and closed.
    let baseBytes: Int
    let connections: Int
    /// Additional bytes for each connection that has sent nothing yet.
    let bytesPerIdleConnection: Double
    /// Additional bytes for each connection after one echo.
    let bytesPerUsedConnection: Double

    /// Measures a server that no other client uses. What one message allocates permanently counts as base.
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
        // Swift would close them after their last use, which is before the last measurement.
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
