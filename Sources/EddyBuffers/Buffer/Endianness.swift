/// The byte order of a number in memory.
public enum Endianness: Sendable {
    /// Most significant byte first: network byte order, Node's `BE`.
    case big
    /// Least significant byte first: Node's `LE`.
    case little
}

extension FixedWidthInteger {
    /// The number to read or write in memory so that `self` has the given byte order.
    @inlinable
    func ordered(_ endianness: Endianness) -> Self {
        switch endianness {
        case .big: bigEndian
        case .little: littleEndian
        }
    }
}
