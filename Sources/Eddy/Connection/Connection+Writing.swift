public import EddyBuffers

extension Connection {
    /// Sends the buffer's bytes behind all that was written before. The buffer goes back to its pool once the
    /// system has taken them.
    ///
    /// Returns when the bytes are queued; they leave with the loop's next system call. When more than the high
    /// watermark is queued it waits until the peer has taken enough of it; see ``setWatermarks(low:high:)``.
    ///
    /// - Throws: ``ConnectionError``: the connection is broken, or ``ConnectionError/writingEnded``; or
    ///   ``ConnectionError/cancelled`` instead of waiting, when the bytes are queued and will be sent.
    /// - Precondition: no other task waits to write to the connection, if this one has to wait.
    @inlinable
    public func write(_ buffer: consuming Buffer) async throws(ConnectionError) {
        if try queue(buffer) { try await waitUntilDrained() }
    }

    /// The part of ``write(_:)-(Buffer)`` that does not wait, which is nearly always all of it: no frame is allocated.
    /// Returns whether the queue is above its high watermark now.
    @usableFromInline
    func queue(_ buffer: consuming Buffer) throws(ConnectionError) -> Bool {
        try loop.queue(buffer, to: id)
    }

    @usableFromInline
    func waitUntilDrained() async throws(ConnectionError) {
        try await loop.waitUntilDrained(id)
    }

    /// Sends bytes that others hold as well, without copying them; see ``write(_:)-(Buffer)``. The memory is held until
    /// the system has taken them. At most 256 bytes are copied, which costs less than holding them.
    public func write(_ buffer: SharedBuffer) async throws(ConnectionError) {
        if try loop.queue(buffer, to: id) { try await waitUntilDrained() }
    }

    /// Sends two buffers, one behind the other, such as a header and a body: with one vectored send, without joining
    /// them, and with one wait. See ``write(_:)-(Buffer)``.
    public func write(_ first: consuming Buffer, _ second: consuming Buffer) async throws(ConnectionError) {
        _ = try queue(first)
        if try queue(second) { try await waitUntilDrained() }
    }

    /// Sends all the buffers, one behind the other, with vectored sends, without copying them, and with one wait. See
    /// ``write(_:)-(Buffer)``.
    ///
    /// All of them are queued, also beyond the high watermark.
    ///
    /// - Precondition: less than 4 GiB are queued then.
    public func write(contentsOf buffers: some Sequence<SharedBuffer>) async throws(ConnectionError) {
        if try loop.queue(contentsOf: buffers, to: id) { try await waitUntilDrained() }
    }

    /// Sends the string's UTF-8; see ``write(_:)-(Buffer)``.
    public func write(_ string: String) async throws(ConnectionError) {
        try await write(Buffer.from(string))
    }

    /// Sends a pooled copy of the bytes; see ``write(_:)-(Buffer)``.
    public func write(copying bytes: RawSpan) async throws(ConnectionError) {
        if try queue(Buffer.from(copying: bytes)) { try await waitUntilDrained() }
    }

    /// Sends a pooled copy of the bytes, for example of an array's `span`; see ``write(_:)-(Buffer)``.
    public func write(copying bytes: Span<UInt8>) async throws(ConnectionError) {
        if try queue(Buffer.from(copying: bytes)) { try await waitUntilDrained() }
    }

    /// Sets how many bytes may be queued for sending: above `high` a write waits, until `low` or fewer are left. The
    /// loop's configuration sets both for connections that do not.
    ///
    /// - Precondition: `low` is from 1 to `high`, which is at most 1 GiB.
    public func setWatermarks(low: Int, high: Int) {
        loop.setWatermarks(low: low, high: high, of: id)
    }
}
