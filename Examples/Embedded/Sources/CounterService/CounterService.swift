public import Eddy

/// A service with a line protocol: `add 5`, `get`, `quit`. Each is answered with the count.
///
/// It shows how a program embeds Eddy: it owns the server, gives it a handler, and shuts it down.
public final class CounterService: Sendable {
    private let server: TCPServer
    private let counter = Counter()

    /// Listens on `address`, `HOST:PORT`; with port 0 the system picks a port.
    public init(on address: String, loops: Int = 1) throws(ServerError) {
        server = try TCPServer(on: .init(address), loops: loops)
    }

    /// The address that the service listens on, with the actual port.
    public var address: SocketAddress { server.address }

    /// A longer line is not a request, and what follows it cannot be trusted: the connection is reset.
    private static let longestLine = 1024

    /// Serves until ``shutDown()`` or until the calling task is cancelled.
    public func run() async {
        await server.run { [counter] connection in
            while let line = try await connection.readLine(limit: Self.longestLine) {
                switch Request(String(decoding: line)) {
                case .add(let amount): try await connection.write("\(counter.add(amount))\n")
                case .get: try await connection.write("\(counter.current)\n")
                case .quit: return
                case nil: try await connection.write("error: write 'add N', 'get' or 'quit'\n")
                }
            }
        }
    }

    /// Stops accepting and gives connections a second to finish.
    public func shutDown() {
        server.shutDown(grace: .seconds(1))
    }
}
