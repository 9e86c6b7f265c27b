/// The order in which the bytes of a number lie.
public enum Endianness: Sendable {
    /// Most significant byte first: network byte order, Node's `BE`.
    case big
    /// Least significant byte first: Node's `LE`.
    case little
}

extension FixedWidthInteger {
    /// The number whose memory is to be read or written as that of `self` in the given order.
    @inlinable
    func ordered(_ endianness: Endianness) -> Self {
        switch endianness {
        case .big: bigEndian
        case .little: littleEndian
        }
    }
}
