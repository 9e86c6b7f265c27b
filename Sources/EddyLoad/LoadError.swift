public import Eddy

/// Why a load test has no result, with what to do about it.
public enum LoadError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The client's loops cannot be made.
    case ring(RingError)
    /// A connection could not be made when the test began.
    case cannotConnect(ConnectError)
    /// A byte came back other than it was sent: `offset` counts the connection's bytes from 0.
    case bytesDiffer(connection: Int, offset: UInt64)
    /// More came back than was sent.
    case unexpectedBytes(connection: Int)
    /// The requests under way at a time do not fit into the client's memory.
    case tooMuchMemory(bytes: Int, limit: Int)

    /// What happened, and what to do about it.
    public var description: String {
        switch self {
        case .ring(let error): error.description
        case .cannotConnect(let error): error.description
        case .bytesDiffer(let connection, let offset):
            "byte \(offset) of connection \(connection) differs from what was sent; the server must send back what it "
                + "receives, in order"
        case .unexpectedBytes(let connection):
            "more bytes came back on connection \(connection) than were sent; the server must send back what it "
                + "receives, once"
        case .tooMuchMemory(let bytes, let limit):
            "\(bytes) bytes would be under way at a time, and the limit is \(limit); use fewer connections, a lower "
                + "depth or smaller messages"
        }
    }
}
