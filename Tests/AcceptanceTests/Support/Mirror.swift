/// Sends random bytes to an echo server on some connections at once, and counts those on which they came back.
struct Mirror: Decodable, Equatable {
    let identical: Int
    let different: Int

    init(identical: Int, different: Int = 0) {
        self.identical = identical
        self.different = different
    }

    /// - Parameters:
    ///   - piece: How many bytes are sent at once.
    ///   - wrapper: What the client is run under.
    static func run(
        at server: Server,
        connections: Int,
        bytes: Int,
        piece: Int = .KiB(64),
        under wrapper: [String] = []
    ) async throws -> Mirror {
        let line = Client.line("mirror.py", ["\(server.port)", "\(connections)", "\(bytes)", "\(piece)"])
        return try await Client(RunningCommand(wrapper + line)).answer()
    }
}
