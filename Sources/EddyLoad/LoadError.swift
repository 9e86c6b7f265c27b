public import Eddy

/// Why a load test could not start, and how to fix it.
public enum LoadError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The client's loops could not be made.
    case ring(RingError)
    /// A connection could not be made when the test began.
    case cannotConnect(ConnectError)
    /// The concurrent requests do not fit into the client's memory.
    case tooMuchMemory(bytes: Int, limit: Int)

    /// What happened, and how to fix it.
    public var description: String {
        switch self {
        case .ring(let error): error.description
        case .cannotConnect(let error): error.description
        case .tooMuchMemory(let bytes, let limit):
            "\(bytes) bytes would be outstanding, and the limit is \(limit); use fewer connections, a lower "
                + "depth or smaller messages"
        }
    }
}
