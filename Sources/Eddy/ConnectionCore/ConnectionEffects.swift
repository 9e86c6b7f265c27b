/// The actions that the ``ConnectionDriver`` performs after a transition of a ``ConnectionState``, in the order of
/// their declarations.
struct ConnectionEffects: OptionSet, Sendable {
    let rawValue: UInt16

    /// Give up the connector that makes the connection or waits for it.
    static let failConnector = ConnectionEffects(rawValue: 1 << 0)
    /// Drop the bytes queued for sending.
    static let dropQueued = ConnectionEffects(rawValue: 1 << 1)
    static let shutDownWriting = ConnectionEffects(rawValue: 1 << 2)
    static let resumeReader = ConnectionEffects(rawValue: 1 << 3)
    static let resumeWriter = ConnectionEffects(rawValue: 1 << 4)
    /// Call the object that uses the connection, if one does. A task that reads is not concerned.
    static let callBack = ConnectionEffects(rawValue: 1 << 5)
    /// Drop the unread received bytes.
    static let dropReceived = ConnectionEffects(rawValue: 1 << 6)
    static let cancelReceive = ConnectionEffects(rawValue: 1 << 7)
    static let armReceive = ConnectionEffects(rawValue: 1 << 8)
    /// Close the descriptor as soon as no operation is in flight.
    static let closeDescriptor = ConnectionEffects(rawValue: 1 << 9)
    static let continueClosing = ConnectionEffects(rawValue: 1 << 10)
}
