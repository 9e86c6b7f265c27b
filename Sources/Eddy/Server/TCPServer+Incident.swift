public import EddySystem

extension TCPServer {
    /// What happens to a server that whoever operates it should know of. See ``Options/onIncident``.
    public enum Incident: Sendable, CustomStringConvertible {
        /// Accepting pauses since the server has as many connections as it may have. Peers wait in the backlog.
        case pausedAtLimit(Int)
        /// Accepting pauses for a moment since the system refuses: too many open files, or no memory.
        case pausedBySystem(SystemError)
        /// A connection was closed on arrival: the server or its loop has as many as it may have.
        case connectionRefused
        /// A handler has thrown this error, and its connection was reset. The peer is known unless its socket is closed.
        case handlerFailed(any Error, peer: SocketAddress?)

        /// What happens, and what to do about it.
        public var description: String {
            switch self {
            case .pausedAtLimit(let limit):
                "all \(limit) connections are in use, and further ones wait; raise the limit, or find out who holds them"
            case .pausedBySystem(let error) where error == .tooManyOpenFiles:
                "no file can be opened any more (\(error)), and connections wait; raise the limit with 'ulimit -n'"
            case .pausedBySystem(let error):
                "the system accepts no connection (\(error)), and they wait; see what uses its memory or files"
            case .connectionRefused:
                "a connection was closed on arrival, since all are in use; raise the limit, or find out who holds them"
            case .handlerFailed(let error, let peer):
                "serving \(peer.map(\.description) ?? "a peer that has gone") failed: \(error)"
            }
        }
    }
}
