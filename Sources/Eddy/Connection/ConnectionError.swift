public import EddySystem

/// Why a connection cannot be read or written any more. Failures to connect are ``ConnectError``s.
public enum ConnectionError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The peer reset the connection, or it failed while this side was sending (ECONNRESET, EPIPE).
    case reset
    /// The peer did not respond for longer than TCP allows (ETIMEDOUT). If a send was partially complete, the kernel
    /// reports that the connection failed but not why; that is a ``reset``.
    case timedOut
    /// The owner has closed the connection.
    case closed
    /// The connection was used outside its event loop's thread, for example in a task of its own or on the main actor.
    /// It was reset.
    case usedElsewhere
    /// A read has waited for longer than the read timeout or deadline. The connection is unchanged: no byte is lost,
    /// and it can be read again.
    case readTimedOut
    /// The peer accepted no bytes for longer than the write timeout. The connection was reset.
    case writeTimedOut
    /// No byte moved in either direction for longer than the idle timeout. The connection was reset.
    case idleTimedOut
    /// Writing has ended; nothing more can be written.
    case writingEnded
    /// The task was cancelled, so the operation does not wait. Received bytes can still be read, and queued bytes are
    /// still sent; a connection that was being established or relayed is reset.
    case cancelled
    /// The server was shut down and its grace is over, or the loop is ending.
    case shutDown
    /// The peer's stream ended within a message, after `received` bytes of it, including a length prefix. They can
    /// still be read.
    case unexpectedEnd(received: Int)
    /// The delimiter was not found within `limit` bytes. They can still be read.
    case delimiterNotFound(limit: Int)
    /// A message exceeds the reader's limit. It can still be read.
    case frameTooLong(length: UInt64, limit: Int)
    /// A message exceeds the memory that the loop has for messages. The received part can still be read.
    case outOfMemory(needed: Int, limit: Int)
    /// Handlers keep the maximum number of received bytes (`BufferPool.Configuration.maximumKeptBytes`). The connection
    /// is unchanged: it can be read again when some have been released.
    case tooMuchKept(limit: Int)
    /// The file to be sent cannot be opened or read.
    case file(SystemError)
    /// The file to be sent ends at `size`, before the end of the range; `sent` bytes of it were sent.
    case fileTooShort(size: Int, sent: Int)
    /// The system rejects the option, or does not support it for this kind of socket. The connection is unchanged.
    case option(SystemError)
    /// Any other error that the system reports. ENOBUFS also when other connections waited for memory and the loop
    /// reset this one, which held memory without making progress (``EventLoop/Configuration/starvationTimeout``).
    case system(SystemError)

    /// What happened, and how to fix it.
    public var description: String {
        switch self {
        case .reset: "the connection was reset by the peer; connect again, or look into the peer's log"
        case .timedOut: "the connection timed out: the peer does not answer; check the network and that the peer runs"
        case .closed: "the connection was closed; read its chunks while it is open"
        case .usedElsewhere:
            "a connection is used on its event loop alone, and this one was reset; use it in its handler, not in another "
                + "Task or on another actor (Task(executorPreference: connection.eventLoop) stays on the loop)"
        case .readTimedOut:
            "the peer did not send the expected bytes in time; raise timeouts.read or the read deadline if it may be slow"
        case .writeTimedOut:
            "the peer accepted no bytes within the write timeout; raise timeouts.write if it may be slow"
        case .idleTimedOut:
            "no byte moved within the idle timeout; raise timeouts.idle if the connection may be idle longer"
        case .writingEnded: "nothing can be written after the end of writing; write before endWriting()"
        case .cancelled: "the task was cancelled; leave it running if its work is still wanted"
        case .shutDown:
            "the server or its event loop is ending; finish within the grace of shutDown(grace:), or make it longer"
        case .unexpectedEnd(let received):
            "the peer ended the stream in the middle of a message, after \(received) bytes of it; look into the peer's "
                + "log, or check that both sides use the same protocol"
        case .delimiterNotFound(let limit):
            "the peer sent more than \(limit) bytes without the delimiter; raise the limit if such messages are valid"
        case .frameTooLong(let length, let limit):
            "the peer announced a message of \(length) bytes, and the limit is \(limit); raise it if such messages are "
                + "valid"
        case .outOfMemory(let needed, let limit):
            "a message of \(needed) bytes does not fit: the event loop has \(limit) bytes for messages of all its "
                + "connections; read it in parts, or raise pool.maximumBytes"
        case .tooMuchKept(let limit):
            "handlers keep all \(limit) bytes of received buffers that pool.maximumKeptBytes allows; drop them sooner, "
                + "compact what is kept for long, or raise it"
        case .file(let error): "the file cannot be sent: \(error); check that it is a readable regular file"
        case .fileTooShort(let size, let sent):
            "the file ends after \(size) bytes, within the range to be sent, of which \(sent) bytes were; "
                + "check the range, and do not shorten files that are being sent"
        case .option(let error):
            "the option cannot be set or read, and the connection is unchanged: \(error); check its value, and use TCP "
                + "options on TCP sockets only"
        case .system(let error): "the connection failed: \(error); \(Self.remedy(for: error))"
        }
    }

    private static func remedy(for error: SystemError) -> String {
        switch error {
        case .noBufferSpace:
            "when memory is short, connections that hold much of it without progress are reset; read faster, or raise "
                + "pool.maximumBytes"
        default: "check the network, and connect again"
        }
    }
}

extension ConnectionError {
    /// The error for the `failure` of a connection's state.
    init(failure: Int32) {
        switch failure {
        case Self.cancelledCode: self = .cancelled
        case Self.shutDownCode: self = .shutDown
        case Self.writeTimedOutCode: self = .writeTimedOut
        case Self.idleTimedOutCode: self = .idleTimedOut
        case Self.strayCode: self = .usedElsewhere
        default:
            switch SystemError(failure) {
            case .connectionReset, .brokenPipe, .connectionAborted: self = .reset
            case .timedOut: self = .timedOut
            case let error: self = .system(error)
            }
        }
    }

    /// Eddy's own failure codes: negative, unlike error numbers.
    static let cancelledCode: Int32 = -1
    static let shutDownCode: Int32 = -2
    static let writeTimedOutCode: Int32 = -3
    static let idleTimedOutCode: Int32 = -4
    static let strayCode: Int32 = -5
}
