import Eddy

/// The shortest echo server.
@main
struct EchoServer {
    static func main() async throws {
        let server = try TCPServer(on: "127.0.0.1:7000")
        print("listening on \(server.address)")
        await server.run { connection in
            while let bytes = try await connection.read() {
                try await connection.write(bytes)
            }
        }
    }
}
