/// An event on a socket of the loop, as the network sees it.
package enum SimulatedSocketEvent: Equatable, Sendable {
    /// The number of connections in a listener's backlog changed.
    case backlogChanged
    /// An accept on a listener started or ended.
    case acceptStarted
    case acceptEnded
    /// The connection was accepted.
    case accepted
    /// A connect started, succeeded or failed.
    case connectStarted
    case connected
    case connectFailed
    /// A receive started, returned bytes, or found no buffer (ENOBUFS).
    case receiveStarted
    case received
    case bufferStalled
    /// A send started, or ended with that many bytes sent.
    case sendStarted
    case sendEnded(Int)
    /// The peer's system acknowledged bytes.
    case acknowledged
    /// The end of the peer's stream or a failure can be received.
    case ended
    /// The loop is about to close the socket.
    case closing
}
