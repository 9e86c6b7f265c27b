public import EddyBuffers

extension Connection {
    /// Sends the buffer's bytes behind all that was written before. The buffer goes back to its pool once the
    /// system has taken them.
    ///
    /// Returns when the bytes are queued; they leave with the loop's next system call. When more than the loop's
    /// high watermark is queued it waits until the peer has taken enough of it.
    ///
    /// - Throws: ``ConnectionError``: the connection is broken, or ``ConnectionError/writingEnded``.
    @inlinable
    public func write(_ buffer: consuming Buffer) async throws(ConnectionError) {
        if try queue(buffer) == .aboveWatermark { try await waitUntilDrained() }
    }

    /// How full the queue is.
    @usableFromInline
    enum QueueLevel {
        case belowWatermark
        case aboveWatermark
    }

    /// The part of ``write(_:)-(Buffer)`` that does not wait, which is nearly always all of it: no frame is allocated.
    @usableFromInline
    func queue(_ buffer: consuming Buffer) throws(ConnectionError) -> QueueLevel {
        loop.requireLoopThread()
        if let error = loop.write(buffer.relinquish(), to: slot) { throw error }
        let isAbove = loop.connections[slot].outbound.byteCount > UInt32(loop.configuration.highWatermark)
        return isAbove ? .aboveWatermark : .belowWatermark
    }

    @usableFromInline
    func waitUntilDrained() async throws(ConnectionError) {
        await Suspension.suspend { loop.connections[slot].writer = $0 }
        if loop.connections[slot].hasFailed {
            throw ConnectionError(failure: loop.connections[slot].failure)
        }
    }

    /// Sends the string's UTF-8; see ``write(_:)-(Buffer)``.
    public func write(_ string: String) async throws(ConnectionError) {
        try await write(Buffer.from(string))
    }

    /// Ends this side's direction: the peer reads the end of the stream after all that was written. Reading goes on
    /// (half-close).
    ///
    /// Returns when the end is on its way.
    ///
    /// - Throws: ``ConnectionError`` if the connection broke before.
    public func endWriting() async throws(ConnectionError) {
        loop.requireLoopThread()
        loop.endWriting(slot)
        while !loop.connections[slot].flags.contains(.ended), !loop.connections[slot].hasFailed {
            await Suspension.suspend { loop.connections[slot].writer = $0 }
        }
        if loop.connections[slot].hasFailed {
            throw ConnectionError(failure: loop.connections[slot].failure)
        }
    }
}
