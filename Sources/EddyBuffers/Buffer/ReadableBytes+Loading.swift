extension ReadableBytes where Self: ~Copyable {
    /// Loads the integer whose bytes start at position `offset`. Node's `buf.readUInt8`, `readInt32BE`,
    /// `readBigUInt64LE` and so on.
    ///
    /// - Precondition: the integer lies within the bytes.
    @inlinable
    public func load<Integer: StandardInteger>(
        at offset: Int,
        as type: Integer.Type = Integer.self,
        endianness: Endianness = .big
    ) -> Integer {
        let width = IntegerWidth(of: type)
        let (bytes, offset) = (bytes, offset - startIndex)
        require(
            offset >= 0 && offset <= bytes.byteCount - width.byteCount,
            "the integer lies outside of the bytes"
        )
        return width.load(from: bytes, uncheckedOffset: offset, endianness: endianness)
    }

    /// The unsigned integer of `byteCount` bytes at `offset`. Node's `buf.readUIntBE(offset, byteLength)`, for up to 8
    /// bytes instead of 6.
    ///
    /// - Precondition: `byteCount` is from 1 to 8, and the integer lies within the bytes.
    public func loadUnsigned(at offset: Int, byteCount: Int, endianness: Endianness = .big) -> UInt64 {
        let (bytes, offset) = (bytes, offset - startIndex)
        require((1...8).contains(byteCount), "an integer has from 1 to 8 bytes")
        require(offset >= 0 && offset <= bytes.byteCount - byteCount, "the integer lies outside of the bytes")
        var value: UInt64 = 0
        for index in 0..<byteCount {
            let place = endianness == .big ? index : byteCount - 1 - index
            value = value << 8 | UInt64(unsafe bytes.unsafeLoad(fromByteOffset: offset + place, as: UInt8.self))
        }
        return value
    }

    /// The two's-complement integer of `byteCount` bytes at `offset`. Node's `buf.readIntBE(offset, byteLength)`.
    ///
    /// - Precondition: `byteCount` is from 1 to 8, and the integer lies within the bytes.
    public func loadSigned(at offset: Int, byteCount: Int, endianness: Endianness = .big) -> Int64 {
        let value = loadUnsigned(at: offset, byteCount: byteCount, endianness: endianness)
        let unused = UInt64(64 - 8 * byteCount)
        return Int64(bitPattern: value << unused) >> Int64(unused)
    }

    /// The number in IEEE 754 single precision at `offset`. Node's `buf.readFloatBE`.
    ///
    /// - Precondition: its four bytes lie within the bytes.
    public func loadFloat(at offset: Int, endianness: Endianness = .big) -> Float {
        Float(bitPattern: load(at: offset, endianness: endianness))
    }

    /// The number in IEEE 754 double precision at `offset`. Node's `buf.readDoubleBE`.
    ///
    /// - Precondition: its eight bytes lie within the bytes.
    public func loadDouble(at offset: Int, endianness: Endianness = .big) -> Double {
        Double(bitPattern: load(at: offset, endianness: endianness))
    }
}
