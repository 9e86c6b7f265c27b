extension Connection {
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
        try await loop.sendFile(path, range: range, to: id)
    }

    /// Sends an open file, or a part of it; see ``sendFile(_:range:)-(String,_)``.
    ///
    /// - Parameters:
    ///   - descriptor: of a regular file. It stays the caller's, who closes it afterwards; its position neither matters
    ///     nor moves.
    ///   - range: the bytes to send, counted from 0; nil: all that the file has now.
    public func sendFile(_ descriptor: Int32, range: Range<Int>? = nil) async throws(ConnectionError) {
        try await loop.sendFile(descriptor, range: range, to: id)
    }
}

extension ConnectionWriter {
    /// See ``Connection/sendFile(_:range:)-(String,_)``.
    public func sendFile(_ path: String, range: Range<Int>? = nil) async throws(ConnectionError) {
        try await loop.sendFile(path, range: range, to: id)
    }

    /// See ``Connection/sendFile(_:range:)-(Int32,_)``.
    public func sendFile(_ descriptor: Int32, range: Range<Int>? = nil) async throws(ConnectionError) {
        try await loop.sendFile(descriptor, range: range, to: id)
    }
}
