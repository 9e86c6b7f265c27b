/// What the ``ConnectionDriver`` performs after a transition of a ``ConnectionState``, in the order of the declarations.
struct ConnectionEffects: OptionSet, Sendable {
    let rawValue: UInt16

    /// The connector that makes the connection, or waits for it, gives up.
    static let failConnector = ConnectionEffects(rawValue: 1 << 0)
    /// The other side of the relay gets what was received before, then is reset, too.
    static let failRelay = ConnectionEffects(rawValue: 1 << 1)
    /// FIN is passed on to the other side of the relay.
    static let endRelayDirection = ConnectionEffects(rawValue: 1 << 2)
    /// What is queued for sending is dropped.
    static let dropQueued = ConnectionEffects(rawValue: 1 << 3)
    static let shutDownWriting = ConnectionEffects(rawValue: 1 << 4)
    static let resumeReader = ConnectionEffects(rawValue: 1 << 5)
    static let resumeWriter = ConnectionEffects(rawValue: 1 << 6)
    /// The other side of the relay must take what is left within the close timeout.
    static let limitRelay = ConnectionEffects(rawValue: 1 << 7)
    /// The relay ends if both of its directions have.
    static let finishRelay = ConnectionEffects(rawValue: 1 << 8)
    /// What was received and not read is dropped.
    static let dropReceived = ConnectionEffects(rawValue: 1 << 9)
    static let cancelReceive = ConnectionEffects(rawValue: 1 << 10)
    static let armReceive = ConnectionEffects(rawValue: 1 << 11)
    /// The descriptor is closed, as soon as nothing is in flight.
    static let closeDescriptor = ConnectionEffects(rawValue: 1 << 12)
    static let continueClosing = ConnectionEffects(rawValue: 1 << 13)
}
