public import EddyBuffers

/// What is left of a connection that was taken off its loop.
@frozen
public struct DetachedConnection: ~Copyable {
    /// The connected socket, which blocks. The caller owns it, and closes it.
    public let descriptor: Int32
    /// What was received and not read: it comes before all that the descriptor gives. Empty if there is none.
    public var received: Buffer

    init(descriptor: Int32, received: consuming Buffer) {
        self.descriptor = descriptor
        self.received = received
    }
}

extension Connection {
    /// Takes the connection off its loop, for code that works on descriptors.
    ///
    /// Waits until everything that was written has gone to the system, and until the operations that are in flight have
    /// ended. No byte is lost: what was received and not read is handed out with the descriptor. Where
    /// ``endWriting()`` or the peer has ended a direction, it stays ended.
    ///
    /// For the loop and its server the connection is closed then.
    ///
    /// The system's ways are the descriptor's from now on: a write to a peer that is gone raises SIGPIPE, unless it is
    /// ignored or the write is a send(2) with MSG_NOSIGNAL.
    ///
    /// - Throws: ``ConnectionError`` if the connection is broken, and ``ConnectionError/cancelled``; it is closed then.
    public consuming func detach() async throws(ConnectionError) -> sending DetachedConnection {
        try handle.requireLoopThread()
        return try await handle.detach()
    }
}
