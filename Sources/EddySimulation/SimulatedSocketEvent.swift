/// What happens on a socket of the loop, as the network sees it.
package enum SimulatedSocketEvent: Equatable, Sendable {
    /// A listener has one connection more that waits, or one less.
    case backlogChanged
    /// An accept waits on a listener, or has ended.
    case acceptStarted
    case acceptEnded
    /// It was accepted.
    case accepted
    /// A connect waits on it; it is connected; or it could not be.
    case connectStarted
    case connected
    case connectFailed
    /// A receive waits on it, has found bytes, or has found no buffer for them.
    case receiveStarted
    case received
    case starved
    /// A send waits until the peer takes its bytes, or has ended with that many sent.
    case sendStarted
    case sendEnded(Int)
    /// The peer's system has taken bytes.
    case acknowledged
    /// The peer's end can be received, or a failure.
    case ended
    /// It is about to be closed by the loop.
    case closing
}
