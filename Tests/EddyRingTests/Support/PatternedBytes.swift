/// Bytes in which each 4 KiB differ from the next.
func patternedBytes(_ count: Int) -> [UInt8] {
    let piece = (0..<4096).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + piece.count)
    while bytes.count < count {
        bytes += piece
        bytes[bytes.count - 1] = UInt8(truncatingIfNeeded: bytes.count >> 12)
        bytes[bytes.count - 2] = UInt8(truncatingIfNeeded: bytes.count >> 20)
    }
    bytes.removeLast(bytes.count - count)
    return bytes
}
