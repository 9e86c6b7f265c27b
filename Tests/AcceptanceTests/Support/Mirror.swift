/// Sends random bytes to an echo server on some connections at once, and counts those on which they came back.
struct Mirror: Decodable, Equatable {
    let identical: Int
    let different: Int

    init(identical: Int, different: Int = 0) {
        self.identical = identical
        self.different = different
    }

    /// - Parameter piece: How many bytes are sent at once.
    static func run(
        at server: Server,
        connections: Int,
        bytes: Int,
        piece: Int = .KiB(64)
    ) async throws -> Mirror {
        try await Client.run("mirror.py", "\(server.port)", "\(connections)", "\(bytes)", "\(piece)")
    }
}
