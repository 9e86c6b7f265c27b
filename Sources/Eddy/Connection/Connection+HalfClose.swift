extension Connection {
    /// Ends this side's direction: the peer reads the end of the stream after all that was written. Reading goes on
    /// (half-close).
    ///
    /// Returns when the end is on its way.
    ///
    /// - Throws: ``ConnectionError`` if the connection broke before; or ``ConnectionError/cancelled`` instead of
    ///   waiting, when the end follows what is queued.
    /// - Precondition: no other task waits to write to the connection, if this one has to wait.
    public func endWriting() async throws(ConnectionError) {
        try await loop.finishWriting(id)
    }

    /// Ends the peer's direction on this side: nothing more is read, and writing goes on.
    ///
    /// What was received and not read is dropped. What the peer still sends is received and dropped as it comes, so
    /// that the peer is not held up and its end is noticed; TCP has no way to tell it (shutdown(2) with SHUT_RD sends
    /// nothing either). A peer that must be told is told by ``reset()``. From now on reads return nil.
    public func endReading() {
        if loop.isLoopThread(for: id) { loop.endReading(id) }
    }
}
