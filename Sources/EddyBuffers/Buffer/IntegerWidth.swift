/// The width of an integer, read from its type once for each access: the width that was checked is the width that is
/// read or written, even if a type gives another answer the next time.
///
/// Memory is read and written only as the unsigned integers that are named here. With a type that the compiler knows,
/// all of this compiles to one unaligned load or store.
@usableFromInline
@frozen
enum IntegerWidth {
    case bits8
    case bits16
    case bits32
    case bits64
    case bits128

    @inlinable
    @inline(__always)
    init<Integer: StandardInteger>(of type: Integer.Type) {
        switch type.bitWidth {
        case 8: self = .bits8
        case 16: self = .bits16
        case 32: self = .bits32
        case 64: self = .bits64
        case 128: self = .bits128
        default: unreachable("only the standard library's integers are loaded and stored")
        }
    }

    @inlinable
    @inline(__always)
    var byteCount: Int {
        switch self {
        case .bits8: 1
        case .bits16: 2
        case .bits32: 4
        case .bits64: 8
        case .bits128: 16
        }
    }

    /// The integer whose bytes start at `offset`. The caller has checked that all of them lie within `bytes`.
    @inlinable
    @inline(__always)
    func load<Integer: StandardInteger>(
        from bytes: RawSpan,
        uncheckedOffset offset: Int,
        endianness: Endianness
    ) -> Integer {
        switch self {
        case .bits8:
            let bits = unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt8.self)
            return Integer(truncatingIfNeeded: bits)
        case .bits16:
            let bits = unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt16.self)
            return Integer(truncatingIfNeeded: bits.ordered(endianness))
        case .bits32:
            let bits = unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt32.self)
            return Integer(truncatingIfNeeded: bits.ordered(endianness))
        case .bits64:
            let bits = unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self)
            return Integer(truncatingIfNeeded: bits.ordered(endianness))
        case .bits128:
            let bits = unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt128.self)
            return Integer(truncatingIfNeeded: bits.ordered(endianness))
        }
    }

    /// Writes the integer's bytes to `place`, which has room for ``byteCount``.
    @inlinable
    @inline(__always)
    func store(_ value: some StandardInteger, to place: UnsafeMutableRawPointer, endianness: Endianness) {
        switch self {
        case .bits8:
            unsafe place.storeBytes(of: UInt8(truncatingIfNeeded: value), as: UInt8.self)
        case .bits16:
            unsafe place.storeBytes(of: UInt16(truncatingIfNeeded: value).ordered(endianness), as: UInt16.self)
        case .bits32:
            unsafe place.storeBytes(of: UInt32(truncatingIfNeeded: value).ordered(endianness), as: UInt32.self)
        case .bits64:
            unsafe place.storeBytes(of: UInt64(truncatingIfNeeded: value).ordered(endianness), as: UInt64.self)
        case .bits128:
            unsafe place.storeBytes(of: UInt128(truncatingIfNeeded: value).ordered(endianness), as: UInt128.self)
        }
    }
}
