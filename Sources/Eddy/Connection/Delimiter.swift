internal import EddyBuffers

/// The delimiter of messages in a stream: 1 to 8 bytes, stored inline.
struct Delimiter {
    let count: Int
    private let packed: UInt64

    init(_ byte: UInt8) {
        count = 1
        packed = UInt64(byte)
    }

    /// - Precondition: the text has 1 to 8 bytes of UTF-8.
    init(_ text: String) {
        require((1...8).contains(text.utf8.count), "a delimiter has 1 to 8 bytes")
        count = text.utf8.count
        packed = text.utf8.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    subscript(index: Int) -> UInt8 { UInt8(truncatingIfNeeded: packed >> UInt64(8 * index)) }
}
