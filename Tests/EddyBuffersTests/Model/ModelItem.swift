import EddyBuffers

// The naive model of a buffer: a number and a position. Byte i of content `seed` is a function of both, so the holder
// of a buffer knows what it must contain, and any overlap with another shows as a wrong byte.

/// A buffer in one of its forms, and its expected content.
final class ModelItem: @unchecked Sendable {
    enum Form: ~Copyable {
        case unique(DetachedBuffer)
        case shared(SharedBuffer)
    }

    private var form: Form?
    let seed: UInt64
    let offset: Int
    let count: Int

    init(_ form: consuming Form, seed: UInt64, offset: Int, count: Int) {
        self.form = consume form
        self.seed = seed
        self.offset = offset
        self.count = count
    }

    func take() -> Form {
        guard let form = form.take() else { preconditionFailure("an item is used twice") }
        return form
    }

    static func byte(_ seed: UInt64, _ place: Int) -> UInt8 {
        UInt8(truncatingIfNeeded: (seed &+ UInt64(place)) &* 0x9E37_79B9 >> 13)
    }

    func verify(_ bytes: RawSpan) {
        precondition(bytes.byteCount == count, "bytes were lost")
        bytes.withUnsafeBytes { bytes in
            for index in 0..<count where bytes[index] != Self.byte(seed, offset + index) {
                preconditionFailure("byte \(index) of \(count) belongs to another buffer")
            }
        }
    }
}
