internal import Glibc

// Storing replaces existing bytes; `append` adds bytes.

extension Buffer {
    /// Overwrites the bytes from `offset` on with the integer's. Node's `buf.writeUInt8`, `writeInt32BE` and so on.
    ///
    /// - Precondition: the integer's bytes lie within the buffer.
    @inlinable
    public mutating func store<Integer: StandardInteger>(
        _ value: Integer,
        at offset: Int,
        endianness: Endianness = .big
    ) {
        let width = IntegerWidth(of: Integer.self)
        unsafe width.store(value, to: place(of: width.byteCount, at: offset), endianness: endianness)
    }

    /// The address at `offset`, checked to have `byteCount` bytes of the buffer after it.
    @inlinable
    mutating func place(of byteCount: Int, at offset: Int) -> UnsafeMutableRawPointer {
        require(offset >= 0 && offset <= count - byteCount, "the integer lies outside of the buffer")
        return unsafe slice.start + offset
    }

    /// Overwrites four bytes with the number in IEEE 754 single precision. Node's `buf.writeFloatBE`.
    ///
    /// - Precondition: they lie within the buffer.
    public mutating func store(_ value: Float, at offset: Int, endianness: Endianness = .big) {
        store(value.bitPattern, at: offset, endianness: endianness)
    }

    /// Overwrites eight bytes with the number in IEEE 754 double precision. Node's `buf.writeDoubleBE`.
    ///
    /// - Precondition: they lie within the buffer.
    public mutating func store(_ value: Double, at offset: Int, endianness: Endianness = .big) {
        store(value.bitPattern, at: offset, endianness: endianness)
    }

    /// Overwrites `byteCount` bytes with the lowest ones of the integer. Node's
    /// `buf.writeUIntBE(value, offset, byteLength)` and `writeIntBE`, for up to 8 bytes instead of 6.
    ///
    /// - Precondition: `byteCount` is from 1 to 8, `value` fits into it as a signed or an unsigned integer, and the
    ///   bytes lie within the buffer.
    public mutating func store(
        _ value: Int64,
        at offset: Int,
        byteCount: Int,
        endianness: Endianness = .big
    ) {
        require((1...8).contains(byteCount), "an integer has from 1 to 8 bytes")
        require(offset >= 0 && offset <= count - byteCount, "the integer lies outside of the buffer")
        let isUnsigned = byteCount == 8 || value >> Int64(8 * byteCount) == 0
        let isSigned = value >> Int64(8 * byteCount - 1) == -1
        require(isUnsigned || isSigned, "the value does not fit into that many bytes")
        for index in 0..<byteCount {
            let place = endianness == .big ? byteCount - 1 - index : index
            let byte = UInt8(truncatingIfNeeded: value >> Int64(8 * index))
            unsafe slice.start.storeBytes(of: byte, toByteOffset: offset + place, as: UInt8.self)
        }
    }

    /// Appends the integer's bytes.
    ///
    /// - Precondition: they fit into ``freeCapacity``.
    @inlinable
    public mutating func append<Integer: StandardInteger>(_ value: Integer, endianness: Endianness = .big) {
        let width = IntegerWidth(of: Integer.self)
        unsafe width.store(value, to: extend(by: width.byteCount), endianness: endianness)
    }

    /// An `Int` has eight bytes here: choose a type of the width that is meant.
    @available(
        *,
        unavailable,
        message: "an Int has 8 bytes; append a UInt8, Int32 or the like, or an Int64 for 8 bytes"
    )
    public mutating func append(_ value: Int, endianness: Endianness = .big) {
        unreachable("the compiler refuses calls of what is unavailable")
    }

    /// An `Int` has eight bytes here: choose a type of the width that is meant.
    @available(*, unavailable, message: "an Int has 8 bytes; store a UInt8, Int32 or the like, or an Int64 for 8 bytes")
    public mutating func store(_ value: Int, at offset: Int, endianness: Endianness = .big) {
        unreachable("the compiler refuses calls of what is unavailable")
    }

    /// Reserves `byteCount` bytes of free capacity, which the caller writes at once, and returns their address.
    @inlinable
    mutating func extend(by byteCount: Int) -> UnsafeMutableRawPointer {
        require(byteCount <= freeCapacity, "the buffer has no room for this integer; allocate a larger one")
        let end = unsafe slice.end
        slice.count += UInt32(byteCount)
        return unsafe end
    }

    /// Overwrites the bytes from `offset` on with a copy of `source`, as far as there is room, and returns the number
    /// copied. Node's `source.copy(target, targetStart)`: the rest is left out.
    ///
    /// - Precondition: `offset` is from 0 to ``count``.
    @discardableResult
    public mutating func replaceBytes(from offset: Int = 0, with source: RawSpan) -> Int {
        require(offset >= 0 && offset <= count, "the copy must start within the buffer")
        let copied = min(source.byteCount, count - offset)
        unsafe source.withUnsafeBytes { source in
            guard let bytes = source.baseAddress else { return }
            // The source may be another part of the same memory.
            unsafe _ = memmove(slice.start + offset, bytes, copied)
        }
        return copied
    }

    /// Overwrites the bytes of `range` with `byte`. Node's `buf.fill(value, offset, end)`.
    ///
    /// - Precondition: `range` lies within the buffer's bytes.
    public mutating func fill(_ byte: UInt8, in range: Range<Int>? = nil) {
        let range = range ?? 0..<count
        require(range.lowerBound >= 0 && range.upperBound <= count, "the range is outside of the buffer")
        unsafe _ = memset(slice.start + range.lowerBound, Int32(byte), range.count)
    }

    /// Overwrites the bytes of `range` with repetitions of `pattern`; the last repetition is cut off. An empty pattern
    /// fills with zeros, as empty text does in Node.js.
    ///
    /// - Precondition: `range` lies within the buffer's bytes.
    public mutating func fill(_ pattern: RawSpan, in range: Range<Int>? = nil) {
        let range = range ?? 0..<count
        guard pattern.byteCount > 0 else { return fill(0, in: range) }
        require(range.lowerBound >= 0 && range.upperBound <= count, "the range is outside of the buffer")
        var offset = range.lowerBound
        while offset < range.upperBound {
            let piece = pattern.extracting(first: range.upperBound - offset)
            offset += replaceBytes(from: offset, with: piece)
        }
    }

    /// Fills with repetitions of the text's UTF-8.
    ///
    /// - Precondition: `range` lies within the buffer's bytes.
    public mutating func fill(_ text: String, in range: Range<Int>? = nil) {
        var text = text
        text.withUTF8 { utf8 in unsafe fill(RawSpan(_unsafeElements: utf8), in: range) }
    }

    /// Reverses the bytes of each group of `width`. Node's `buf.swap16`, `swap32` and `swap64`, with a width of 2, 4
    /// and 8.
    ///
    /// - Precondition: ``count`` is a multiple of `width`, which is at least 1.
    public mutating func swapBytes(width: Int) {
        require(width >= 1 && count % width == 0, "the buffer's size must be a multiple of the width")
        let bytes = unsafe UnsafeMutableRawBufferPointer(start: slice.start, count: count)
        for group in stride(from: 0, to: count, by: width) {
            unsafe bytes[group..<(group + width)].reverse()
        }
    }
}
