extension Connection {
    /// Whether the server to which the peer has connected shuts down. Reads that would wait for the peer's next message
    /// return nil then, as at the end of the stream: a protocol that can say goodbye does so now, and returns.
    ///
    /// - Precondition: on the connection's loop, as everything of a connection.
    public var isServerShuttingDown: Bool {
        loop.isLoopThread(for: id) && loop.connections[id].flags.contains(.draining)
    }
}

extension ConnectionReader {
    /// See ``Connection/isServerShuttingDown``.
    public var isServerShuttingDown: Bool {
        loop.isLoopThread(for: id) && loop.connections[id].flags.contains(.draining)
    }
}
