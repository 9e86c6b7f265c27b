public import EddyBuffers

/// The writing side of a connection, for the task that writes; see ``Connection/concurrently(_:writing:)``.
///
/// Its methods are those of ``Connection`` that write.
public struct ConnectionWriter: ~Copyable {
    let loop: EventLoop
    let id: ConnectionID

    /// See ``Connection/write(_:)-(Buffer)``.
    public func write(_ buffer: consuming Buffer) async throws(ConnectionError) {
        if try loop.queue(buffer, to: id) { try await loop.waitUntilDrained(id) }
    }

    /// See ``Connection/write(_:)-(SharedBuffer)``.
    public func write(_ buffer: SharedBuffer) async throws(ConnectionError) {
        if try loop.queue(buffer, to: id) { try await loop.waitUntilDrained(id) }
    }

    /// See ``Connection/write(_:_:)``.
    public func write(_ first: consuming Buffer, _ second: consuming Buffer) async throws(ConnectionError) {
        _ = try loop.queue(first, to: id)
        if try loop.queue(second, to: id) { try await loop.waitUntilDrained(id) }
    }

    /// See ``Connection/write(contentsOf:)``.
    public func write(contentsOf buffers: some Sequence<SharedBuffer>) async throws(ConnectionError) {
        if try loop.queue(contentsOf: buffers, to: id) { try await loop.waitUntilDrained(id) }
    }

    /// See ``Connection/write(_:)-(String)``.
    public func write(_ string: String) async throws(ConnectionError) {
        try await write(Buffer.from(string))
    }

    /// See ``Connection/write(copying:)-(RawSpan)``.
    public func write(copying bytes: RawSpan) async throws(ConnectionError) {
        if try loop.queue(Buffer.from(copying: bytes), to: id) { try await loop.waitUntilDrained(id) }
    }

    /// See ``Connection/write(copying:)-(Span<UInt8>)``.
    public func write(copying bytes: Span<UInt8>) async throws(ConnectionError) {
        if try loop.queue(Buffer.from(copying: bytes), to: id) { try await loop.waitUntilDrained(id) }
    }

    /// See ``Connection/setWatermarks(low:high:)``.
    public func setWatermarks(low: Int, high: Int) {
        loop.setWatermarks(low: low, high: high, of: id)
    }

    /// See ``Connection/endWriting()``.
    public func endWriting() async throws(ConnectionError) {
        try await loop.finishWriting(id)
    }
}
