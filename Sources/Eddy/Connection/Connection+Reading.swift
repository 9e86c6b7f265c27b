public import EddyBuffers

extension Connection {
    /// Whatever has arrived, as a slice of the loop's pool that belongs to the caller; waits if nothing has.
    ///
    /// - Returns: at least one byte, or nil at the end of the peer's stream.
    /// - Throws: ``ConnectionError`` once the connection is broken and all bytes that came before have been read; and
    ///   ``ConnectionError/readTimedOut``, after which the connection is as it was.
    @inlinable
    public func read() async throws(ConnectionError) -> sending Buffer? {
        while mustWaitToRead(holding: #isolation) {
            await Suspension.suspend { suspendReader($0) }
        }
        return try takeReceived()
    }

    // What `read` is made of. It is inlined into its caller, which saves the frame of an asynchronous call.

    @usableFromInline
    func mustWaitToRead(holding actor: (any Actor)?) -> Bool {
        // Elsewhere the read throws.
        loop.isCurrent && loop.mustWaitToRead(id, holding: actor)
    }

    @usableFromInline
    func suspendReader(_ reader: Suspension) {
        loop.suspendReader(id, reader)
    }

    @usableFromInline
    func takeReceived() throws(ConnectionError) -> sending Buffer? {
        try loop.requireLoopThread(for: id)
        return try loop.read(id)
    }
}
