public import EddyRing

/// Why a connection cannot be read or written any more.
public enum ConnectionError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The peer reset the connection, or it broke while this side was sending (ECONNRESET, EPIPE).
    case reset
    /// The peer did not answer for longer than TCP allows (ETIMEDOUT).
    case timedOut
    /// A read has waited for longer than the connection's read timeout or deadline allows. The connection is as it was
    /// before: no byte is lost, and it can be read again.
    case readTimedOut
    /// The peer took nothing of what was written for longer than the write timeout allows. The connection was reset.
    case writeTimedOut
    /// No byte moved either way for longer than the idle timeout allows. The connection was reset.
    case idleTimedOut
    /// This side has ended its direction; nothing more can be written.
    case writingEnded
    /// The task was cancelled. The connection is of no more use and will be reset.
    case cancelled
    /// The server was shut down and its grace is over, or the loop has ended.
    case shutDown
    /// Nobody listens at the address (ECONNREFUSED).
    case refused(SocketAddress)
    /// The connection could not be made, for another reason.
    case cannotConnect(SocketAddress, SystemError)
    /// The loop's limit of connections is reached.
    case tooManyConnections(limit: Int)
    /// Any other failure that the system reports.
    case system(SystemError)

    public var description: String {
        switch self {
        case .reset: "the connection was reset by the peer"
        case .timedOut: "the connection timed out: the peer does not answer"
        case .readTimedOut:
            "nothing was received within the read timeout; raise timeouts.read if the peer may take longer"
        case .writeTimedOut:
            "the peer took nothing of what was sent within the write timeout; raise timeouts.write if it may be slow"
        case .idleTimedOut:
            "no byte moved within the idle timeout; raise timeouts.idle if the connection may rest longer"
        case .writingEnded: "nothing can be written after the end of writing"
        case .cancelled: "the task was cancelled"
        case .shutDown: "the server is shutting down"
        case .refused(let address):
            "cannot connect to \(address): connection refused; check that a server listens there"
        case .cannotConnect(let address, let error) where error == .tooManyOpenFiles:
            "cannot connect to \(address): too many open files; raise the limit with 'ulimit -n'"
        case .cannotConnect(let address, let error):
            "cannot connect to \(address): \(error); check the address and the network"
        case .tooManyConnections(let limit):
            "the limit of \(limit) connections a loop is reached; raise maximumConnections"
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
        case Self.writeTimedOutCode: self = .writeTimedOut
        case Self.idleTimedOutCode: self = .idleTimedOut
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
    static let writeTimedOutCode: Int32 = -3
    static let idleTimedOutCode: Int32 = -4
}
