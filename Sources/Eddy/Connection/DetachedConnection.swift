public import EddyBuffers

/// The descriptor and the unread bytes of a connection that was detached from its loop.
@frozen
public struct DetachedConnection: ~Copyable {
    /// The connected socket, in blocking mode. The caller owns it and closes it.
    public let descriptor: Int32
    /// Bytes that were received and not read; they precede all that the descriptor returns. May be empty.
    public var received: Buffer

    init(descriptor: Int32, received: consuming Buffer) {
        self.descriptor = descriptor
        self.received = received
    }
}

extension Connection {
    /// Detaches the connection from its loop, for code that works with descriptors.
    ///
    /// Waits until the system has accepted everything written, and until all operations in flight have ended. No byte
    /// is lost: unread bytes are returned with the descriptor. A direction that ``ConnectionWriting/endWriting()`` or
    /// the peer has ended stays ended.
    ///
    /// For the loop and its server the connection is then closed.
    ///
    /// From now on the descriptor behaves as the system defines: a write to a peer that is gone raises SIGPIPE, unless
    /// it is ignored or the write is a send(2) with MSG_NOSIGNAL.
    ///
    /// - Throws: ``ConnectionError`` if the connection has failed, or ``ConnectionError/cancelled``; the connection is
    ///   closed then.
    public consuming func detach() async throws(ConnectionError) -> sending DetachedConnection {
        try handle.requireLoopThread()
        return try await handle.detach()
    }
}
