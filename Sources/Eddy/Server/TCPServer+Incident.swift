public import EddySystem

extension TCPServer {
    /// An event that the operator of a server should know of. See ``Options/onIncident``.
    public enum Incident: Sendable, CustomStringConvertible {
        /// Accepting has paused because the server has reached its connection limit. Peers wait in the backlog.
        case pausedAtLimit(Int)
        /// Accepting has paused briefly because the system refused: too many open files, or no memory.
        case pausedBySystem(SystemError)
        /// A connection was closed on arrival because the server or its loop has reached its connection limit.
        case connectionRefused
        /// A handler has thrown this error, and its connection was reset. The peer is nil if the socket is already
        /// closed.
        case handlerFailed(any Error, peer: SocketAddress?)

        /// What happened, and how to fix it.
        public var description: String {
            switch self {
            case .pausedAtLimit(let limit):
                "all \(limit) connections are in use, and further ones wait; raise the limit, or check which peers hold them"
            case .pausedBySystem(let error) where error == .tooManyOpenFiles:
                "too many files are open (\(error)), and connections wait; raise the limit with 'ulimit -n'"
            case .pausedBySystem(let error):
                "the system cannot accept connections (\(error)), and they wait; check what uses its memory or files"
            case .connectionRefused:
                "a connection was closed on arrival: all are in use; raise the limit, or check which peers hold them"
            case .handlerFailed(let error, let peer):
                "serving \(peer.map(\.description) ?? "a disconnected peer") failed: \(error)"
            }
        }
    }
}
