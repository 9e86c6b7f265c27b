public import EddyBuffers

// The hot paths of reading and writing. Inlining them into their callers avoids the frame of an asynchronous call.

extension Connection: ConnectionReading {
    /// See ``ConnectionReading/read()``.
    @inlinable
    public func read() async throws(ConnectionError) -> sending Buffer? {
        while handle.mustWaitToRead(holding: #isolation) {
            await Waiter.suspend { handle.suspendReader($0) }
        }
        return try handle.takeReceived()
    }
}

extension Connection: ConnectionWriting {
    /// See ``ConnectionWriting/write(_:)-(Buffer)``.
    @inlinable
    public func write(_ buffer: consuming Buffer) async throws(ConnectionError) {
        // A write that does not wait, as nearly all do, allocates no frame.
        if try handle.queue(buffer) { try await handle.waitUntilDrained() }
    }
}
