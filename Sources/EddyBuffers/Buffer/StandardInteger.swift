/// One of the standard library's integers, which a buffer loads and stores as bytes: `UInt8` to `UInt128`, `Int8` to
/// `Int128`, `UInt` and `Int`.
///
/// Do not conform other types to it: there is nothing to gain. Bytes are read as an unsigned integer of the same width,
/// which the type converts with `init(truncatingIfNeeded:)`. They are never reinterpreted as a value of the type, so
/// the bytes of a peer cannot become, for example, a pointer that the type contains.
public protocol StandardInteger: FixedWidthInteger, BitwiseCopyable, Sendable {}

extension UInt8: StandardInteger {}
extension UInt16: StandardInteger {}
extension UInt32: StandardInteger {}
extension UInt64: StandardInteger {}
extension UInt128: StandardInteger {}
extension UInt: StandardInteger {}
extension Int8: StandardInteger {}
extension Int16: StandardInteger {}
extension Int32: StandardInteger {}
extension Int64: StandardInteger {}
extension Int128: StandardInteger {}
extension Int: StandardInteger {}
