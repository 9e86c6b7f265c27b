/// Many connections to one server, held by a client that is not Eddy's.
struct Crowd {
    private let client: Client

    init(at server: Server) throws {
        client = try Client.start("crowd.py", "\(server.port)")
    }

    /// Opens that many connections more.
    func open(_ count: Int) async throws { try await act("open \(count)") }

    /// Sends each connection's own greeting, and counts those that come back.
    func greet() async throws -> Int {
        struct Answer: Decodable {
            let answered: Int
        }
        let answer: Answer = try await client.ask("greet")
        return answer.answered
    }

    /// Has each connection send up to 1 MiB and receive nothing, until the server takes no more.
    func fill() async throws { try await act("fill") }

    /// Closes all connections.
    func close() async throws { try await act("close") }

    /// Resets all connections while they send.
    func reset() async throws { try await act("reset") }

    private func act(_ command: String) async throws {
        let _: Done = try await client.ask(command)
    }
}
