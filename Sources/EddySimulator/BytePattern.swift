/// The bytes of one direction of one connection. Each byte depends on the connection and on its position, so that lost,
/// duplicated, reordered and foreign bytes are detected.
struct BytePattern: Sendable {
    let key: UInt64

    subscript(position: Int) -> UInt8 {
        // Mixed twice: one round leaves bytes at some distances equal.
        var word = (UInt64(position) &+ key &* 31) &* 0x9E37_79B9_7F4A_7C15
        word = (word ^ (word >> 32)) &* 0xBF58_476D_1CE4_E5B9
        return UInt8(truncatingIfNeeded: word >> 56)
    }

    func bytes(_ range: Range<Int>) -> [UInt8] { range.map { self[$0] } }

    /// The position of the first wrong byte of `bytes`, which begin at `position`; nil if all are correct.
    func firstDifference(in bytes: some Collection<UInt8>, at position: Int) -> Int? {
        var place = position
        for byte in bytes {
            if byte != self[place] { return place }
            place += 1
        }
        return nil
    }
}
