public import EddyRing

/// Why a connection cannot be read or written any more. Why there is none to begin with is a ``ConnectError``.
public enum ConnectionError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The peer reset the connection, or it broke while this side was sending (ECONNRESET, EPIPE).
    case reset
    /// The peer did not answer for longer than TCP allows (ETIMEDOUT).
    case timedOut
    /// This side has ended its direction; nothing more can be written.
    case writingEnded
    /// The task was cancelled. The connection is of no more use and will be reset.
    case cancelled
    /// The server was shut down and its grace is over, or the loop has ended.
    case shutDown
    /// Any other failure that the system reports.
    case system(SystemError)

    public var description: String {
        switch self {
        case .reset: "the connection was reset by the peer"
        case .timedOut: "the connection timed out: the peer does not answer"
        case .writingEnded: "nothing can be written after the end of writing"
        case .cancelled: "the task was cancelled"
        case .shutDown: "the server is shutting down"
        case .system(let error): "the connection failed: \(error)"
        }
    }
}

extension ConnectionError {
    /// The error behind a slot's `failure`.
    init(failure: Int32) {
        switch failure {
        case Self.cancelledCode: self = .cancelled
        case Self.shutDownCode: self = .shutDown
        default:
            switch SystemError(failure) {
            case .connectionReset, .brokenPipe, .connectionAborted: self = .reset
            case .timedOut: self = .timedOut
            case let error: self = .system(error)
            }
        }
    }

    /// Failures of our own in a slot: negative, as error numbers never are.
    static let cancelledCode: Int32 = -1
    static let shutDownCode: Int32 = -2
}
