public import EddySystem

/// Why a connection cannot be read or written any more. Why there is none to begin with is a ``ConnectError``.
public enum ConnectionError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The peer reset the connection, or it broke while this side was sending (ECONNRESET, EPIPE).
    case reset
    /// The peer did not answer for longer than TCP allows (ETIMEDOUT). When a send was under way, of which the system
    /// had taken some bytes, it says that the connection broke, but not why: that is a ``reset``.
    case timedOut
    /// The connection was closed by its owner before.
    case closed
    /// The connection was used on another thread than its event loop's, as in a task of its own or on the main actor. It was
    /// reset.
    case usedElsewhere
    /// A read has waited for longer than the connection's read timeout or deadline allows. The connection is as it was
    /// before: no byte is lost, and it can be read again.
    case readTimedOut
    /// The peer took nothing of what was written for longer than the write timeout allows. The connection was reset.
    case writeTimedOut
    /// No byte moved either way for longer than the idle timeout allows. The connection was reset.
    case idleTimedOut
    /// This side has ended its direction; nothing more can be written.
    case writingEnded
    /// The task was cancelled: nothing is waited for any more. What was received can still be read, what was queued is
    /// still sent; a connection that was being made, or relayed, is reset.
    case cancelled
    /// The server was shut down and its grace is over, or the loop is ending.
    case shutDown
    /// The peer's stream ended within a message, of which so many bytes were there; a length before it counts. They can
    /// still be read.
    case unexpectedEnd(received: Int)
    /// The delimiter did not come within so many bytes. They can still be read.
    case delimiterNotFound(limit: Int)
    /// A message is longer than its reader takes. It can still be read.
    case frameTooLong(length: UInt64, limit: Int)
    /// A message does not fit into what the loop's memory has for it. What has come of it can still be read.
    case outOfMemory(needed: Int, limit: Int)
    /// Handlers keep as many received bytes as they may (`BufferPool.Configuration.maximumKeptBytes`). The connection is
    /// as it was before: it can be read again when some have been dropped.
    case tooMuchKept(limit: Int)
    /// A file to be sent cannot be opened or read.
    case file(SystemError)
    /// A file to be sent ends at `size`, before the range does; so many bytes of it were sent.
    case fileTooShort(size: Int, sent: Int)
    /// An option that the system does not take, or does not have for this kind of socket. The connection is as it was
    /// before.
    case option(SystemError)
    /// Any other failure that the system reports; ENOBUFS also when others waited for memory and the loop reset the
    /// connection for what it held without getting any further (``EventLoop/Configuration/starvationTimeout``).
    case system(SystemError)

    /// What happened, and what to do about it.
    public var description: String {
        switch self {
        case .reset: "the connection was reset by the peer; connect again, or look into the peer's log"
        case .timedOut: "the connection timed out: the peer does not answer; check the network and that the peer runs"
        case .closed: "the connection was closed; read its chunks while it is open"
        case .usedElsewhere:
            "a connection is used on its event loop alone, and this one was reset; use it in its handler, not in another "
                + "Task or on another actor (Task(executorPreference: connection.eventLoop) stays on the loop)"
        case .readTimedOut:
            "the peer did not send in time what was waited for; raise timeouts.read or the read deadline if it may be slow"
        case .writeTimedOut:
            "the peer took nothing of what was sent within the write timeout; raise timeouts.write if it may be slow"
        case .idleTimedOut:
            "no byte moved within the idle timeout; raise timeouts.idle if the connection may rest longer"
        case .writingEnded: "nothing can be written after the end of writing; write before endWriting()"
        case .cancelled: "the task was cancelled; leave it running if its work is still wanted"
        case .shutDown:
            "the server or its event loop is ending; finish within the grace of shutDown(grace:), or make it longer"
        case .unexpectedEnd(let received):
            "the peer ended the stream in the middle of a message, after \(received) bytes of it; look into the peer's "
                + "log, or check that both sides use the same protocol"
        case .delimiterNotFound(let limit):
            "the peer sent more than \(limit) bytes without the delimiter; raise the limit if such messages are right"
        case .frameTooLong(let length, let limit):
            "the peer announced a message of \(length) bytes, and the limit is \(limit); raise it if such messages are "
                + "right"
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
            "the option cannot be set or read, and the connection goes on: \(error); check its value, and ask what is "
                + "TCP's of TCP sockets only"
        case .system(let error): "the connection failed: \(error); \(Self.remedy(for: error))"
        }
    }

    private static func remedy(for error: SystemError) -> String {
        switch error {
        case .noBufferSpace:
            "where memory is short, connections that hold much and do not move are reset: read faster, or raise "
                + "pool.maximumBytes"
        default: "check the network, and connect again"
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
        case Self.strayCode: self = .usedElsewhere
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
    static let strayCode: Int32 = -5
}
