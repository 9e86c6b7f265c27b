/// Why a load test ended early: a reply differed from what was sent.
public struct VerificationFailure: Error, Equatable, Sendable, Codable, CustomStringConvertible {
    /// What was wrong with the reply.
    public var reason: Reason
    /// The connection's number, from 0.
    public var connection: Int
    /// The position of the first wrong byte in the connection's stream, from 0.
    public var offset: UInt64

    /// What can be wrong with a reply.
    public enum Reason: String, Sendable, Codable {
        /// A byte differs from the one that was sent.
        case bytesDiffer = "bytes_differ"
        /// More bytes were received than were sent.
        case unexpectedBytes = "unexpected_bytes"
    }

    /// Creates the failure of a connection at one of its bytes.
    public init(_ reason: Reason, connection: Int, offset: UInt64) {
        (self.reason, self.connection, self.offset) = (reason, connection, offset)
    }

    /// What happened, and how to fix it.
    public var description: String {
        switch reason {
        case .bytesDiffer:
            "byte \(offset) of connection \(connection) differs from what was sent; the server must send back what it "
                + "receives, in order"
        case .unexpectedBytes:
            "more bytes came back on connection \(connection) than were sent; the server must send back what it "
                + "receives, once"
        }
    }
}
