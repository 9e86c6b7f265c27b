public import EddyBuffers

/// A destination of bytes: a ``Connection`` or its ``ConnectionWriter``.
///
/// All write operations are defined here.
public protocol ConnectionWriting: ~Copyable {
    /// For Eddy's own use.
    var handle: ConnectionHandle { get }

    /// Sends the buffer's bytes after everything written before. The buffer returns to its pool once the system has
    /// accepted the bytes.
    ///
    /// Returns when the bytes are queued; they leave with the loop's next system call. If more than the high watermark
    /// is queued, it waits until the peer has accepted enough; see ``setWatermarks(low:high:)``.
    ///
    /// - Throws: ``ConnectionError`` if the connection has failed, or ``ConnectionError/writingEnded``;
    ///   ``ConnectionError/cancelled`` instead of waiting: the bytes are queued and will be sent.
    /// - Precondition: no other task waits to write to the connection, if this one has to wait.
    func write(_ buffer: consuming Buffer) async throws(ConnectionError)
}

extension ConnectionWriting where Self: ~Copyable {
    /// Sends shared bytes without copying them; see ``write(_:)-(Buffer)``. The memory is retained until the system has
    /// accepted the bytes. Up to 256 bytes are copied instead, which costs less.
    public func write(_ buffer: SharedBuffer) async throws(ConnectionError) {
        if try handle.queue(buffer) { try await handle.waitUntilDrained() }
    }

    /// Sends two buffers in order, such as a header and a body: with one vectored send, without joining them, and with
    /// a single wait. See ``write(_:)-(Buffer)``.
    public func write(_ first: consuming Buffer, _ second: consuming Buffer) async throws(ConnectionError) {
        _ = try handle.queue(first)
        if try handle.queue(second) { try await handle.waitUntilDrained() }
    }

    /// Sends all buffers in order, with vectored sends, without copying them, and with a single wait. See
    /// ``write(_:)-(Buffer)``.
    ///
    /// All buffers are queued, even beyond the high watermark.
    ///
    /// - Precondition: fewer than 4 GiB are queued in total.
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

    /// Sets how many bytes may be queued for sending: above `high` a write waits until `low` or fewer are left. The
    /// default is the loop's configuration.
    ///
    /// - Precondition: `low` is from 1 to `high`, which is at most 1 GiB.
    public func setWatermarks(low: Int, high: Int) {
        handle.setWatermarks(low: low, high: high)
    }

    // MARK: Files

    /// Sends a file, or a part of it, after everything written before.
    ///
    /// The ring reads the file into chunks of the pool, which are sent without copying; reading pauses while more than
    /// the high watermark is queued. Returns when the last bytes are queued.
    ///
    /// - Parameters:
    ///   - path: a regular file.
    ///   - range: the bytes to send, counted from 0; nil: the whole file at its current size. A file without a size, as
    ///     in /proc, is sent to its end.
    /// - Throws: ``ConnectionError/file(_:)`` if the file cannot be opened or read;
    ///   ``ConnectionError/fileTooShort(size:sent:)`` if it does not contain the range: before any byte is sent, or in
    ///   the middle if the file is truncated meanwhile; otherwise as ``write(_:)-(Buffer)``. A task that is cancelled
    ///   in the middle throws ``ConnectionError/cancelled``. Bytes queued until then are still sent, so the peer may
    ///   receive a part of the range: reset the connection, unless the protocol can signal the error.
    /// - Precondition: `range` does not start below 0.
    public func sendFile(_ path: String, range: Range<Int>? = nil) async throws(ConnectionError) {
        try await handle.sendFile(path, range: range)
    }

    /// Sends an open file, or a part of it; see ``sendFile(_:range:)-(String,_)``.
    ///
    /// - Parameters:
    ///   - descriptor: a regular file. The caller still owns the descriptor and closes it afterwards; its file position
    ///     is neither used nor changed.
    ///   - range: the bytes to send, counted from 0; nil: the whole file at its current size.
    public func sendFile(_ descriptor: Int32, range: Range<Int>? = nil) async throws(ConnectionError) {
        try await handle.sendFile(descriptor, range: range)
    }

    // MARK: The end

    /// Ends writing: the peer reads the end of the stream after everything written. Reading is still possible
    /// (half-close).
    ///
    /// Returns when the end of the stream has been submitted.
    ///
    /// - Throws: ``ConnectionError`` if the connection has failed; ``ConnectionError/cancelled`` instead of waiting:
    ///   the end of the stream follows the queued bytes.
    /// - Precondition: no other task waits to write to the connection, if this one has to wait.
    public func endWriting() async throws(ConnectionError) {
        try await handle.finishWriting()
    }
}
