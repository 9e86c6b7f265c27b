public import EddyBuffers

/// What a task writes to: a ``Connection``, or its ``ConnectionWriter``.
///
/// Everything that writes is defined here once.
public protocol ConnectionWriting: ~Copyable {
    /// The connection, for Eddy's own use.
    var handle: ConnectionHandle { get }

    /// Sends the buffer's bytes behind all that was written before. The buffer goes back to its pool once the
    /// system has taken them.
    ///
    /// Returns when the bytes are queued; they leave with the loop's next system call. When more than the high
    /// watermark is queued it waits until the peer has taken enough of it; see ``setWatermarks(low:high:)``.
    ///
    /// - Throws: ``ConnectionError``: the connection is broken, or ``ConnectionError/writingEnded``; or
    ///   ``ConnectionError/cancelled`` instead of waiting, when the bytes are queued and will be sent.
    /// - Precondition: no other task waits to write to the connection, if this one has to wait.
    func write(_ buffer: consuming Buffer) async throws(ConnectionError)
}

extension ConnectionWriting where Self: ~Copyable {
    /// Sends bytes that others hold as well, without copying them; see ``write(_:)-(Buffer)``. The memory is held until
    /// the system has taken them. At most 256 bytes are copied, which costs less than holding them.
    public func write(_ buffer: SharedBuffer) async throws(ConnectionError) {
        if try handle.queue(buffer) { try await handle.waitUntilDrained() }
    }

    /// Sends two buffers, one behind the other, such as a header and a body: with one vectored send, without joining
    /// them, and with one wait. See ``write(_:)-(Buffer)``.
    public func write(_ first: consuming Buffer, _ second: consuming Buffer) async throws(ConnectionError) {
        _ = try handle.queue(first)
        if try handle.queue(second) { try await handle.waitUntilDrained() }
    }

    /// Sends all the buffers, one behind the other, with vectored sends, without copying them, and with one wait. See
    /// ``write(_:)-(Buffer)``.
    ///
    /// All of them are queued, also beyond the high watermark.
    ///
    /// - Precondition: less than 4 GiB are queued then.
    public func write(contentsOf buffers: some Sequence<SharedBuffer>) async throws(ConnectionError) {
        if try handle.queue(contentsOf: buffers) { try await handle.waitUntilDrained() }
    }

    /// Sends the string's UTF-8; see ``write(_:)-(Buffer)``.
    public func write(_ string: String) async throws(ConnectionError) {
        try await write(Buffer.from(string))
    }

    /// Sends a pooled copy of the bytes; see ``write(_:)-(Buffer)``.
    public func write(copying bytes: RawSpan) async throws(ConnectionError) {
        if try handle.queue(Buffer.from(copying: bytes)) { try await handle.waitUntilDrained() }
    }

    /// Sends a pooled copy of the bytes, for example of an array's `span`; see ``write(_:)-(Buffer)``.
    public func write(copying bytes: Span<UInt8>) async throws(ConnectionError) {
        if try handle.queue(Buffer.from(copying: bytes)) { try await handle.waitUntilDrained() }
    }

    /// Sets how many bytes may be queued for sending: above `high` a write waits, until `low` or fewer are left. The
    /// loop's configuration sets both for connections that do not.
    ///
    /// - Precondition: `low` is from 1 to `high`, which is at most 1 GiB.
    public func setWatermarks(low: Int, high: Int) {
        handle.setWatermarks(low: low, high: high)
    }

    // MARK: Files

    /// Sends a file, or a part of it, behind all that was written before.
    ///
    /// The file is read by the ring into chunks of the pool, which are sent as they are; while more than the high
    /// watermark is queued it is not read. Returns when the last bytes are queued.
    ///
    /// - Parameters:
    ///   - path: a regular file.
    ///   - range: the bytes to send, counted from 0; all that the file has now if there is none. A file without a size,
    ///     as in /proc, is sent to its end.
    /// - Throws: ``ConnectionError/file(_:)`` if the file cannot be opened or read; ``ConnectionError/fileTooShort(size:sent:)``
    ///   if it does not have these bytes: before any is sent, or in the middle if it is cut meanwhile; else as
    ///   ``write(_:)-(Buffer)``. A task that is cancelled in the middle throws ``ConnectionError/cancelled``. What was
    ///   queued until then is sent in any case, so the peer may have a part of what it expects: reset the connection,
    ///   unless the protocol can tell it.
    /// - Precondition: `range` does not begin below 0.
    public func sendFile(_ path: String, range: Range<Int>? = nil) async throws(ConnectionError) {
        try await handle.sendFile(path, range: range)
    }

    /// Sends an open file, or a part of it; see ``sendFile(_:range:)-(String,_)``.
    ///
    /// - Parameters:
    ///   - descriptor: of a regular file. It stays the caller's, who closes it afterwards; its position neither matters
    ///     nor moves.
    ///   - range: the bytes to send, counted from 0; nil: all that the file has now.
    public func sendFile(_ descriptor: Int32, range: Range<Int>? = nil) async throws(ConnectionError) {
        try await handle.sendFile(descriptor, range: range)
    }

    // MARK: The end

    /// Ends this side's direction: the peer reads the end of the stream after all that was written. Reading goes on
    /// (half-close).
    ///
    /// Returns when the end is on its way.
    ///
    /// - Throws: ``ConnectionError`` if the connection broke before; or ``ConnectionError/cancelled`` instead of
    ///   waiting, when the end follows what is queued.
    /// - Precondition: no other task waits to write to the connection, if this one has to wait.
    public func endWriting() async throws(ConnectionError) {
        try await handle.finishWriting()
    }
}
