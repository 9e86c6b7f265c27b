/// Many connections to one server, held by a client that does not use Eddy.
struct Crowd {
    private let client: Client

    init(at server: Server) throws {
        client = try Client.start("crowd.py", "\(server.port)")
    }

    /// Opens `count` more connections.
    func open(_ count: Int) async throws { try await act("open \(count)") }

    /// Sends each connection's own greeting, and counts those that are echoed.
    func greet() async throws -> Int {
        struct Answer: Decodable {
            let answered: Int
        }
        let answer: Answer = try await client.ask("greet")
        return answer.answered
    }

    /// Makes each connection send up to 1 MiB and receive nothing, until the server takes no more.
    func fill() async throws { try await act("fill") }

    func close() async throws { try await act("close") }

    /// Resets all connections while they send.
    func reset() async throws { try await act("reset") }

    private func act(_ command: String) async throws {
        let _: Done = try await client.ask(command)
    }
}
