public import EddyBuffers

/// What a task reads: a ``Connection``, or its ``ConnectionReader``.
///
/// Everything that reads is defined here once. A function that parses a protocol takes either:
///
/// ```swift
/// func readRequest(from connection: borrowing some ConnectionReading & ~Copyable) async throws -> Request?
/// ```
public protocol ConnectionReading: ~Copyable {
    /// The connection, for Eddy's own use.
    var handle: ConnectionHandle { get }

    /// Whatever has arrived, as a slice of the loop's pool that belongs to the caller; waits if nothing has.
    ///
    /// - Returns: at least one byte, or nil at the end of the peer's stream.
    /// - Throws: ``ConnectionError`` once the connection is broken and all bytes that came before have been read; and
    ///   ``ConnectionError/readTimedOut``, after which the connection is as it was.
    func read() async throws(ConnectionError) -> sending Buffer?
}

// Messages out of a stream. What each read has in common:
//
// - The message is a slice of the chunk that it was received into, if it lies in one; else it is gathered into a buffer
//   of the loop's pool, once. Peers that send byte by byte cost time that grows with the bytes, and no chunks.
// - Bytes behind the message stay for the next read, of whichever kind.
// - A read that throws has taken nothing: the bytes can still be read, with another limit for example.

extension ConnectionReading where Self: ~Copyable {
    /// The next `byteCount` bytes; waits until all of them are there.
    ///
    /// - Returns: exactly `byteCount` bytes, or nil if the peer's stream ended before the first of them.
    /// - Throws: ``ConnectionError/unexpectedEnd(received:)`` if it ended in the middle; else as ``read()``.
    /// - Precondition: `byteCount` is from 0 to 1,073,741,824.
    public func read(exactly byteCount: Int) async throws(ConnectionError) -> sending Buffer? {
        try await handle.read(exactly: byteCount)
    }

    /// The bytes before the next `delimiter`, which is taken out of the stream, too.
    ///
    /// - Parameters:
    ///   - delimiter: the byte that ends the message.
    ///   - limit: bytes that may come before the delimiter.
    /// - Returns: the message, which may be empty; nil if the peer's stream ended before the first byte.
    /// - Throws: ``ConnectionError/delimiterNotFound(limit:)``; ``ConnectionError/unexpectedEnd(received:)`` if the
    ///   stream ended without the delimiter; else as ``read()``.
    /// - Precondition: `limit` is from 0 to 1,073,741,824.
    public func read(until delimiter: UInt8, limit: Int) async throws(ConnectionError) -> sending Buffer? {
        try await handle.read(until: Delimiter(delimiter), limit: limit)
    }

    /// The bytes before the next `delimiter`, a text of 1 to 8 bytes of UTF-8 such as `"\r\n\r\n"`, which is taken out
    /// of the stream, too. See ``read(until:limit:)-(UInt8,_)``.
    public func read(until delimiter: String, limit: Int) async throws(ConnectionError) -> sending Buffer? {
        try await handle.read(until: Delimiter(delimiter), limit: limit)
    }

    /// The next line, without its end, which is LF or CR LF.
    ///
    /// ```swift
    /// while let line = try await connection.readLine(limit: 1024) {
    ///     try await connection.write(answer(to: String(decoding: line)))
    /// }
    /// ```
    ///
    /// - Parameter limit: bytes that a line may have without its end.
    /// - Returns: the line, which may be empty; nil if the peer's stream ended before the first byte of another.
    /// - Throws: ``ConnectionError/delimiterNotFound(limit:)``; ``ConnectionError/unexpectedEnd(received:)`` if the
    ///   stream ended within a line; else as ``read()``.
    /// - Precondition: `limit` is from 0 to 1,073,741,824.
    public func readLine(limit: Int) async throws(ConnectionError) -> sending Buffer? {
        try await handle.readLine(limit: limit)
    }

    /// The next message of a protocol that sends each one's length before it, as an unsigned integer.
    ///
    /// - Parameters:
    ///   - prefix: the bytes of the length, which does not count itself.
    ///   - endianness: the order of these bytes.
    ///   - limit: bytes that a message may have.
    /// - Returns: the message without its length, which may be empty; nil if the peer's stream ended before the first
    ///   byte of another.
    /// - Throws: ``ConnectionError/frameTooLong(length:limit:)`` as soon as the length is there;
    ///   ``ConnectionError/unexpectedEnd(received:)`` if the stream ended within a length or a message; else as
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

    /// What the peer sends, as it comes, in buffers that may be copied and kept.
    ///
    /// ```swift
    /// for try await chunk in connection.chunks { log.append(chunk) }
    /// ```
    ///
    /// Each buffer costs an object, which ``read()`` does not; at most 256 bytes are copied. There is one reader at a
    /// time: bytes go to whoever asks first, and two that wait at once trap. The sequence ends with the peer's stream,
    /// and throws ``ConnectionError/closed`` if it is used longer than the connection.
    public var chunks: ConnectionChunks { ConnectionChunks(handle: handle) }

    // MARK: Ends

    /// Ends the peer's direction on this side: nothing more is read, and writing goes on.
    ///
    /// What was received and not read is dropped. What the peer still sends is received and dropped as it comes, so
    /// that the peer is not held up and its end is noticed; TCP has no way to tell it (shutdown(2) with SHUT_RD sends
    /// nothing either). A peer that must be told is told by ``reset()``. From now on reads return nil.
    public func endReading() {
        handle.endReading()
    }

    /// Whether the server to which the peer has connected shuts down. Reads that would wait for the peer's next message
    /// return nil then, as at the end of the stream: a protocol that can say goodbye does so now, and returns.
    ///
    /// - Precondition: on the connection's loop, as everything of a connection.
    public var isServerShuttingDown: Bool { handle.isServerShuttingDown }

    /// Runs `body`, in which every read must end within `duration` from now.
    ///
    /// A read that would wait longer throws ``ConnectionError/readTimedOut``, however many bytes came before: a peer
    /// that dribbles gains nothing by it. Bytes that are there are delivered even then. Within another deadline the
    /// earlier one holds.
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
