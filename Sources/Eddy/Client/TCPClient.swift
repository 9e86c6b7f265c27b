public import EddySystem

/// A client of stream sockets, TCP or Unix, for code that is not on an event loop: it distributes its connections among
/// the loops of a group.
///
/// ```swift
/// let client = TCPClient(group: group)
/// let greeting = try await client.connect(to: "localhost:7000") { connection in
///     try await connection.write("hello\n")
///     guard let line = try await connection.readLine(limit: 1024) else { return "" }
///     return String(decoding: line)
/// }
/// ```
///
/// On a loop's thread, as in a server's handler, ``EventLoop/connect(to:options:_:)-(Endpoint,_,_)`` stays on that
/// loop.
public struct TCPClient: Sendable {
    /// Uses one connection, on the connection's loop. Closure variables are declared with this type:
    /// `let greet: TCPClient.Body<String> = { … }`.
    public typealias Body<Success> = @concurrent @Sendable (consuming Connection) async throws -> Success

    /// The loops of the connections, used in turn. They do not end with the client.
    public let group: EventLoopGroup
    /// The options of calls that pass none.
    public var options: ConnectOptions

    /// Creates a client on the loops of `group`, which must run while the client connects.
    public init(group: EventLoopGroup, options: ConnectOptions = .init()) {
        self.group = group
        self.options = options
    }

    /// Connects to `HOST:PORT` or `unix:PATH` on the next loop, and runs `body` with the connection there; see
    /// ``EventLoop/connect(to:options:_:)-(Endpoint,_,_)``.
    ///
    /// - Throws: ``ConnectError``; otherwise what `body` throws.
    public func connect<Success: Sendable>(
        to text: String,
        options: ConnectOptions? = nil,
        _ body: @escaping Body<Success>
    ) async throws -> Success {
        let endpoint: Endpoint
        do { endpoint = try Endpoint(text) } catch { throw ConnectError.address(error) }
        return try await connect(to: endpoint, options: options, body)
    }

    /// Like ``connect(to:options:_:)-(String,_,_)``, to an endpoint.
    public func connect<Success: Sendable>(
        to endpoint: Endpoint,
        options: ConnectOptions? = nil,
        _ body: @escaping Body<Success>
    ) async throws -> Success {
        let loop = group.next()
        let options = options ?? self.options
        return try await loop.run { try await loop.connect(to: endpoint, options: options, body) }
    }
}
