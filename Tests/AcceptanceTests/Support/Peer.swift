import Foundation
import Testing

/// One side of one TCP connection, in a client that does not use Eddy.
struct Peer {
    private let client: Client

    /// Connects to a server.
    static func connect(to server: Server) async throws -> Peer {
        try await connect(to: server.port)
    }

    /// - Parameter wrapper: the command prefix that the client runs under.
    static func connect(to port: Int, under wrapper: [String] = []) async throws -> Peer {
        let client = try Client(RunningCommand(wrapper + Client.line("peer.py", ["connect", "\(port)"])))
        let _: Done = try await client.answer()
        return Peer(client: client)
    }

    /// Waits for one connection.
    func accept() async throws { try await act("accept") }

    /// Sends `count` random bytes.
    func send(_ count: Int) async throws -> Transfer { try await client.ask("send \(count)") }

    /// Receives `count` bytes, or fewer if the other side ends first.
    func receive(_ count: Int) async throws -> Transfer { try await client.ask("receive \(count)") }

    /// Receives until the other side ends.
    func drain() async throws -> Transfer { try await client.ask("drain") }

    /// Sends `count` random bytes and half-closes, and concurrently receives until the other side ends.
    func exchange(_ count: Int) async throws -> Exchange { try await client.ask("exchange \(count)") }

    /// Exchanges, and stops its process (SIGSTOP) when it has received `place` bytes, until it is resumed.
    func exchange(_ count: Int, stoppingAt place: Int) async throws -> Exchange {
        try await client.ask("exchange \(count) \(place)")
    }

    /// Stops the process: its system takes bytes until the buffer is full, and then none.
    func suspend() async throws {
        client.command.send(SIGSTOP)
        try await waitUntilSuspended()
    }

    func waitUntilSuspended() async throws {
        let process = ProcessFacts(id: client.command.id)
        #expect(try await poll({ try process.state() }, until: { $0 == "T" }) == "T")
    }

    func resume() { client.command.send(SIGCONT) }

    /// Sends without receiving, until the other side takes no more.
    func fill() async throws -> Transfer { try await client.ask("fill") }

    /// Half-closes: it can still receive.
    func finish() async throws { try await act("finish") }

    /// Resets the connection, once the other side's system has acknowledged everything sent.
    func reset() async throws { try await act("reset") }

    func close() async throws { try await act("close") }

    private func act(_ command: String) async throws {
        let _: Done = try await client.ask(command)
    }
}

extension Peer {
    /// A peer that waits for a connection at a port.
    struct Listener {
        let peer: Peer
        let port: Int
    }

    /// Listens at the given port, or at one that the system chooses.
    static func listen(at port: Int = 0) async throws -> Listener {
        let server = try await Server(Client.line("peer.py", ["listen", "\(port)"]))
        return Listener(peer: Peer(client: Client(server.command, said: 1)), port: server.port)
    }
}

/// The bytes that a peer has sent or received, and how that ended.
struct Transfer: Decodable, Equatable {
    enum End: String, Decodable {
        case open
        case eof
        case reset
    }

    let bytes: Int
    let digest: String
    let end: End

    /// The same bytes with another ending: what the other side should have received.
    func then(_ end: End) -> Transfer {
        Transfer(bytes: bytes, digest: digest, end: end)
    }
}

/// The bytes that a peer has sent and received at the same time.
struct Exchange: Decodable {
    let sent: Transfer
    let received: Transfer
}
