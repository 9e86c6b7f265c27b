import Eddy
import Testing

/// Runs `body` with a server in this process.
func withServer(
    _ handler: @escaping TCPServer.Handler = EchoServer.handler,
    _ body: (SocketAddress) async throws -> Void
) async throws {
    let server = try TCPServer(on: .loopback(port: 0), loops: 1)
    async let running = server.run(handler)
    do {
        try await body(server.address)
    } catch {
        server.shutDown(grace: .zero)
        _ = await running
        throw error
    }
    server.shutDown(grace: .zero)
    let statistics = await running
    #expect(statistics.pool.slicesOut == 0)
    #expect(statistics.connections == 0)
}

enum EchoServer {
    static let handler: TCPServer.Handler = { connection in
        while let bytes = try await connection.read() { try await connection.write(bytes) }
    }
}
