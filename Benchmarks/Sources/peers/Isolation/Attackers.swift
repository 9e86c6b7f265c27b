/// Clients that never read: the parameters of `isolation-attackers`.
struct Attackers {
    enum Manner: String {
        /// They send nothing more.
        case rest
        /// They send as much as the socket takes.
        case push
        /// They send a byte every ten seconds.
        case dribble
    }

    var count = 1
    /// What they do after the opening.
    var manner = Manner.rest
    /// The first byte of a connection.
    var first: String?
    /// Followed by this length, as 4 bytes, and that many bytes.
    var frame: String?
    var opening = "0"
    /// The byte that is sent repeatedly; 'n' is a line feed.
    var fill = "x"
    /// Seconds within which they connect.
    var spread = 0.0
    /// Whether an attacker whose connection has ended reconnects.
    var reconnects = false
    var socketBuffers: (send: Int, receive: Int)?

    static let silent = Attackers()
    /// Small receive buffers: the server can send them almost nothing.
    static let pushing = Attackers(manner: .push, socketBuffers: (send: 65536, receive: 4096))
    static let dribbling = Attackers(manner: .dribble)
    static let blasting = Attackers(manner: .push, fill: "n")

    func with(
        first: String? = nil,
        frame: String? = nil,
        opening: String? = nil,
        spread: Double? = nil,
        reconnects: Bool? = nil
    ) -> Attackers {
        var copy = self
        copy.first = first ?? self.first
        copy.frame = frame ?? self.frame
        copy.opening = opening ?? self.opening
        copy.spread = spread ?? self.spread
        copy.reconnects = reconnects ?? self.reconnects
        return copy
    }

    var arguments: [String] {
        var arguments = ["--clients", "\(count)", "--then", manner.rawValue, "--fill", fill, "--opening", opening]
        if let first { arguments += ["--first", first] }
        if let frame { arguments += ["--frame", frame] }
        if spread > 0 { arguments += ["--spread", "\(spread)s"] }
        if reconnects { arguments.append("--reconnect") }
        if let socketBuffers {
            arguments += ["--send-buffer", "\(socketBuffers.send)", "--receive-buffer", "\(socketBuffers.receive)"]
        }
        return arguments
    }
}
