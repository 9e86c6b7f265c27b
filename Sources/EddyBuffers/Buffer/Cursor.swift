/// Reads a buffer's bytes from start to end, and throws when fewer are left than a read needs. For parsers of bytes
/// from a peer.
///
/// ```swift
/// var cursor = Cursor(buffer.bytes)
/// let length = try cursor.read(UInt16.self)
/// let payload = try cursor.read(byteCount: Int(length))
/// ```
///
/// A read that throws does not move the cursor: try it again with more bytes.
public struct Cursor: ~Escapable {
    @usableFromInline let bytes: RawSpan
    /// Bytes read so far: where the next read starts.
    public private(set) var offset = 0

    /// A cursor at the start of `bytes`.
    @_lifetime(copy bytes)
    public init(_ bytes: RawSpan) {
        self.bytes = bytes
    }

    /// Bytes that have not been read.
    public var remaining: Int { bytes.byteCount - offset }

    /// Fewer bytes are left than a read needs.
    public struct EndOfBytes: Error, Hashable, CustomStringConvertible {
        /// Where the read started, in bytes from the start of the buffer.
        public var offset: Int
        /// Bytes that the read needed; negative if a negative count was requested.
        public var needed: Int
        /// Bytes that were left.
        public var remaining: Int

        public var description: String {
            needed < 0
                ? "\(needed) bytes cannot be read; check counts that come from a peer"
                : "\(needed) bytes are needed at offset \(offset), and \(remaining) are left; "
                    + "read more bytes and try again"
        }
    }

    /// The next integer.
    @_lifetime(self: copy self)
    @inlinable
    public mutating func read<Integer: StandardInteger>(
        _ type: Integer.Type = Integer.self,
        endianness: Endianness = .big
    ) throws(EndOfBytes) -> Integer {
        let width = IntegerWidth(of: type)
        let start = try advance(by: width.byteCount)
        return width.load(from: bytes, uncheckedOffset: start, endianness: endianness)
    }

    /// The next number in IEEE 754 single precision.
    @_lifetime(self: copy self)
    public mutating func readFloat(endianness: Endianness = .big) throws(EndOfBytes) -> Float {
        Float(bitPattern: try read(endianness: endianness))
    }

    /// The next number in IEEE 754 double precision.
    @_lifetime(self: copy self)
    public mutating func readDouble(endianness: Endianness = .big) throws(EndOfBytes) -> Double {
        Double(bitPattern: try read(endianness: endianness))
    }

    /// The next `byteCount` bytes, as a view.
    @_lifetime(copy self)
    @_lifetime(self: copy self)
    public mutating func read(byteCount: Int) throws(EndOfBytes) -> RawSpan {
        let start = try advance(by: byteCount)
        return bytes.extracting(start..<(start + byteCount))
    }

    /// Skips the next `byteCount` bytes.
    @_lifetime(self: copy self)
    public mutating func skip(_ byteCount: Int) throws(EndOfBytes) {
        _ = try advance(by: byteCount)
    }

    @_lifetime(self: copy self)
    @usableFromInline
    mutating func advance(by byteCount: Int) throws(EndOfBytes) -> Int {
        // A negative count is not a programmer's mistake: a peer may have sent it.
        guard byteCount >= 0, byteCount <= remaining else {
            throw EndOfBytes(offset: offset, needed: byteCount, remaining: remaining)
        }
        defer { offset += byteCount }
        return offset
    }
}
