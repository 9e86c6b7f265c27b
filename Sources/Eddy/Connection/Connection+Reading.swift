public import EddyBuffers

extension Connection {
    /// Whatever has arrived, as a slice of the loop's pool that belongs to the caller; waits if nothing has.
    ///
    /// - Returns: at least one byte, or nil at the end of the peer's stream.
    /// - Throws: ``ConnectionError`` once the connection is broken and all bytes that came before have been read.
    public func read() async throws(ConnectionError) -> sending Buffer? {
        loop.requireLoopThread()
        while loop.mustWaitToRead(slot) {
            await Suspension.suspend { loop.connections[slot].reader = $0 }
        }
        return try loop.read(slot)
    }
}
