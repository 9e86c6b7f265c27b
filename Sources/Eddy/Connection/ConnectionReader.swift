public import EddyBuffers

/// The reading side of a connection, for the task that reads; see ``Connection/concurrently(_:writing:)``.
///
/// Its methods are those of ``Connection`` that read.
public struct ConnectionReader: ~Copyable {
    let loop: EventLoop
    let id: ConnectionID

    /// See ``Connection/read()``.
    public func read() async throws(ConnectionError) -> sending Buffer? {
        try loop.requireLoopThread(for: id)
        return try await loop.readWhatCame(id)
    }

    /// See ``Connection/read(exactly:)``.
    public func read(exactly byteCount: Int) async throws(ConnectionError) -> sending Buffer? {
        try await loop.read(exactly: byteCount, from: id)
    }

    /// See ``Connection/read(until:limit:)-(UInt8,_)``.
    public func read(until delimiter: UInt8, limit: Int) async throws(ConnectionError) -> sending Buffer? {
        try await loop.read(until: Delimiter(delimiter), limit: limit, from: id)
    }

    /// See ``Connection/read(until:limit:)-(String,_)``.
    public func read(until delimiter: String, limit: Int) async throws(ConnectionError) -> sending Buffer? {
        try await loop.read(until: Delimiter(delimiter), limit: limit, from: id)
    }

    /// See ``Connection/readLine(limit:)``.
    public func readLine(limit: Int) async throws(ConnectionError) -> sending Buffer? {
        try await loop.readLine(limit: limit, from: id)
    }

    /// See ``Connection/readFrame(prefix:endianness:limit:)``.
    public func readFrame(
        prefix: LengthPrefix = .fourBytes,
        endianness: Endianness = .big,
        limit: Int
    ) async throws(ConnectionError) -> sending Buffer? {
        try await loop.readFrame(prefix: prefix, endianness: endianness, limit: limit, from: id)
    }

    /// See ``Connection/chunks``.
    public var chunks: ConnectionChunks { ConnectionChunks(loop: loop, id: id) }

    /// See ``Connection/endReading()``.
    public func endReading() {
        if loop.isLoopThread(for: id) { loop.endReading(id) }
    }
}
