/// The actions that the ``ConnectionDriver`` performs after a transition of a ``ConnectionState``, in the order of
/// their declarations.
struct ConnectionEffects: OptionSet, Sendable {
    let rawValue: UInt16

    /// Give up the connector that makes the connection or waits for it.
    static let failConnector = ConnectionEffects(rawValue: 1 << 0)
    /// Flush the received bytes to the other side of the relay, then reset that side, too.
    static let failRelay = ConnectionEffects(rawValue: 1 << 1)
    /// Pass FIN on to the other side of the relay.
    static let endRelayDirection = ConnectionEffects(rawValue: 1 << 2)
    /// Drop the bytes queued for sending.
    static let dropQueued = ConnectionEffects(rawValue: 1 << 3)
    static let shutDownWriting = ConnectionEffects(rawValue: 1 << 4)
    static let resumeReader = ConnectionEffects(rawValue: 1 << 5)
    static let resumeWriter = ConnectionEffects(rawValue: 1 << 6)
    /// Require the other side of the relay to take the remaining bytes within the close timeout.
    static let limitRelay = ConnectionEffects(rawValue: 1 << 7)
    /// Finish the relay if both of its directions have ended.
    static let finishRelay = ConnectionEffects(rawValue: 1 << 8)
    /// Drop the unread received bytes.
    static let dropReceived = ConnectionEffects(rawValue: 1 << 9)
    static let cancelReceive = ConnectionEffects(rawValue: 1 << 10)
    static let armReceive = ConnectionEffects(rawValue: 1 << 11)
    /// Close the descriptor as soon as no operation is in flight.
    static let closeDescriptor = ConnectionEffects(rawValue: 1 << 12)
    static let continueClosing = ConnectionEffects(rawValue: 1 << 13)
}
