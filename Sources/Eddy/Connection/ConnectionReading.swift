public import EddyBuffers

/// A source of bytes: a ``Connection`` or its ``ConnectionReader``.
///
/// All read operations are defined here. A function that parses a protocol takes either type:
///
/// ```swift
/// func readRequest(from connection: borrowing some ConnectionReading & ~Copyable) async throws -> Request?
/// ```
public protocol ConnectionReading: ~Copyable {
    /// For Eddy's own use.
    var handle: ConnectionHandle { get }

    /// Reads the bytes that have arrived, as a slice of the loop's pool that belongs to the caller; waits if there are
    /// none.
    ///
    /// - Returns: at least one byte, or nil at the end of the peer's stream.
    /// - Throws: ``ConnectionError`` once the connection has failed and all earlier bytes have been read;
    ///   ``ConnectionError/readTimedOut``, which leaves the connection unchanged.
    func read() async throws(ConnectionError) -> sending Buffer?
}

// Reading messages from a stream. All read operations have in common:
//
// - A message that lies in one chunk is a slice of that chunk; otherwise it is copied once into a buffer of the loop's
//   pool. Peers that send byte by byte cost time proportional to the bytes, and no extra chunks.
// - Bytes after the message remain for the next read of any kind.
// - A read that throws consumes nothing: the bytes can still be read, for example with another limit.

extension ConnectionReading where Self: ~Copyable {
    /// Reads the next `byteCount` bytes; waits until all of them have arrived.
    ///
    /// - Returns: exactly `byteCount` bytes, or nil if the peer's stream ended before the first of them.
    /// - Throws: ``ConnectionError/unexpectedEnd(received:)`` if it ended in the middle; otherwise as ``read()``.
    /// - Precondition: `byteCount` is from 0 to 1,073,741,824.
    public func read(exactly byteCount: Int) async throws(ConnectionError) -> sending Buffer? {
        try await handle.read(exactly: byteCount)
    }

    /// Reads the bytes before the next `delimiter`, and removes the delimiter from the stream.
    ///
    /// - Parameters:
    ///   - delimiter: the byte that ends the message.
    ///   - limit: the maximum number of bytes before the delimiter.
    /// - Returns: the message, which may be empty; nil if the peer's stream ended before the first byte.
    /// - Throws: ``ConnectionError/delimiterNotFound(limit:)``; ``ConnectionError/unexpectedEnd(received:)`` if the
    ///   stream ended without the delimiter; else as ``read()``.
    /// - Precondition: `limit` is from 0 to 1,073,741,824.
    public func read(until delimiter: UInt8, limit: Int) async throws(ConnectionError) -> sending Buffer? {
        try await handle.read(until: Delimiter(delimiter), limit: limit)
    }

    /// Reads the bytes before the next `delimiter`, a text of 1 to 8 bytes of UTF-8 such as `"\r\n\r\n"`, and removes
    /// the delimiter from the stream. See ``read(until:limit:)-(UInt8,_)``.
    public func read(until delimiter: String, limit: Int) async throws(ConnectionError) -> sending Buffer? {
        try await handle.read(until: Delimiter(delimiter), limit: limit)
    }

    /// Reads the next line, without its terminator, LF or CR LF.
    ///
    /// ```swift
    /// while let line = try await connection.readLine(limit: 1024) {
    ///     try await connection.write(answer(to: String(decoding: line)))
    /// }
    /// ```
    ///
    /// - Parameter limit: the maximum length of a line in bytes, without its terminator.
    /// - Returns: the line, which may be empty; nil if the peer's stream ended before the first byte of another.
    /// - Throws: ``ConnectionError/delimiterNotFound(limit:)``; ``ConnectionError/unexpectedEnd(received:)`` if the
    ///   stream ended within a line; else as ``read()``.
    /// - Precondition: `limit` is from 0 to 1,073,741,824.
    public func readLine(limit: Int) async throws(ConnectionError) -> sending Buffer? {
        try await handle.readLine(limit: limit)
    }

    /// Reads the next message of a protocol that sends the length of each message before it, as an unsigned integer.
    ///
    /// - Parameters:
    ///   - prefix: the size of the length prefix. The length does not include the prefix.
    ///   - endianness: the byte order of the prefix.
    ///   - limit: the maximum length of a message in bytes.
    /// - Returns: the message without its length prefix, which may be empty; nil if the peer's stream ended before the
    ///   first byte of another.
    /// - Throws: ``ConnectionError/frameTooLong(length:limit:)`` as soon as the prefix has arrived;
    ///   ``ConnectionError/unexpectedEnd(received:)`` if the stream ended within a prefix or a message; otherwise as
    ///   ``read()``.
    /// - Precondition: `limit` is from 0 to 1,073,741,824.
    public func readFrame(
        prefix: LengthPrefix = .fourBytes,
        endianness: Endianness = .big,
        limit: Int
    ) async throws(ConnectionError) -> sending Buffer? {
        try await handle.readFrame(prefix: prefix, endianness: endianness, limit: limit)
    }

    // MARK: Pieces

    /// The received bytes as they arrive, in buffers that may be copied and kept.
    ///
    /// ```swift
    /// for try await chunk in connection.chunks { log.append(chunk) }
    /// ```
    ///
    /// Each buffer allocates an object, which ``read()`` does not; at most 256 bytes are copied. Only one task may read
    /// concurrently: iterators consume the same bytes, and two concurrent waits trap. The sequence ends with the peer's
    /// stream, and throws ``ConnectionError/closed`` when it is used after the connection is closed.
    public var chunks: ConnectionChunks { ConnectionChunks(handle: handle) }

    // MARK: Ends

    /// Stops reading on this side; writing is still possible.
    ///
    /// Unread bytes are dropped. Bytes that still arrive are received and dropped, so that the peer is not blocked and
    /// its end is noticed. TCP cannot tell the peer (shutdown(2) with SHUT_RD sends nothing either); ``Connection/reset()`` does.
    /// From now on reads return nil.
    public func endReading() {
        handle.endReading()
    }

    /// Whether the server that accepted the connection is shutting down. Reads that would wait for the peer's next
    /// message then return nil, as at the end of the stream: a protocol with a closing message sends it now and
    /// returns.
    ///
    /// - Precondition: called on the connection's loop.
    public var isServerShuttingDown: Bool { handle.isServerShuttingDown }

    /// Runs `body`, in which every read must finish within `duration` from now.
    ///
    /// A read that would wait longer throws ``ConnectionError/readTimedOut``, even if bytes have arrived: a peer that
    /// sends slowly cannot extend the deadline. Bytes that have already arrived are returned even after the deadline.
    /// In nested calls the earliest deadline applies.
    ///
    /// ```swift
    /// let request = try await connection.withReadDeadline(after: .seconds(5)) {
    ///     try await readRequest(from: connection)
    /// }
    /// ```
    public func withReadDeadline<Success: ~Copyable, Failure: Error>(
        after duration: Duration,
        _ body: @concurrent () async throws(Failure) -> Success
    ) async throws(Failure) -> Success {
        try await handle.withReadDeadline(after: duration, body)
    }
}
