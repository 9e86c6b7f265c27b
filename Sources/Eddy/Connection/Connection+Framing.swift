public import EddyBuffers

// Messages out of a stream. What each read has in common:
//
// - The message is a slice of the chunk that it was received into, if it lies in one; else it is gathered into a buffer
//   of the loop's pool, once. Peers that send byte by byte cost time that grows with the bytes, and no chunks.
// - Bytes behind the message stay for the next read, of whichever kind.
// - A read that throws has taken nothing: the bytes can still be read, with another limit for example.

extension Connection {
    /// The next `byteCount` bytes; waits until all of them are there.
    ///
    /// - Returns: exactly `byteCount` bytes, or nil if the peer's stream ended before the first of them.
    /// - Throws: ``ConnectionError/unexpectedEnd(received:)`` if it ended in the middle; else as ``read()``.
    /// - Precondition: `byteCount` is from 0 to 1,073,741,824.
    public func read(exactly byteCount: Int) async throws(ConnectionError) -> sending Buffer? {
        try await loop.read(exactly: byteCount, from: id)
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
        try await loop.read(until: Delimiter(delimiter), limit: limit, from: id)
    }

    /// The bytes before the next `delimiter`, a text of 1 to 8 bytes of UTF-8 such as `"\r\n\r\n"`, which is taken out
    /// of the stream, too. See ``read(until:limit:)-(UInt8,_)``.
    public func read(until delimiter: String, limit: Int) async throws(ConnectionError) -> sending Buffer? {
        try await loop.read(until: Delimiter(delimiter), limit: limit, from: id)
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
        try await loop.readLine(limit: limit, from: id)
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
        try await loop.readFrame(prefix: prefix, endianness: endianness, limit: limit, from: id)
    }
}
