// Each connection sends an endless stream that repeats after a prime number of bytes:
//
//     pattern   ├────────────────── period ──────────────────┤├─ overlap: its beginning again ─┤
//     request          ├── any piece of up to `overlap` bytes is contiguous ──┤
//
// The period is prime, so no message size divides it, and bytes that are lost, doubled or swapped do not match.

/// The bytes that are sent and expected back: the same random stream for every connection, each from another position.
struct BytePattern: Sendable {
    /// The longest piece that can be requested.
    static let longestPiece = 16 << 10
    private static let period = 65_521

    private let storage: [UInt8]

    init() {
        var generator = SystemRandomNumberGenerator()
        let bytes = (0..<Self.period).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        storage = bytes + bytes.prefix(Self.longestPiece)
    }

    /// The position at which a connection's stream begins: far from its neighbours', whose bytes it must not receive.
    static func start(ofConnection number: Int) -> UInt64 { UInt64(number) &* 4_099 }

    /// The `byteCount` bytes of the stream from `position` on, at most ``longestPiece``.
    @_lifetime(borrow self)
    func piece(at position: UInt64, byteCount: Int) -> Span<UInt8> {
        let first = Int(position % UInt64(Self.period))
        return storage.span.extracting(first..<first + byteCount)
    }
}
