/// Sends random bytes to an echo server on several connections at once, and counts the connections that got them back.
struct Mirror: Decodable, Equatable {
    let identical: Int
    let different: Int

    init(identical: Int, different: Int = 0) {
        self.identical = identical
        self.different = different
    }

    /// - Parameters:
    ///   - piece: The number of bytes to send at once.
    ///   - wrapper: The command prefix that the client runs under.
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
