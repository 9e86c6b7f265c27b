import Glibc

/// An endless stream of bytes that look random. Two streams differ, and so do two places of one.
struct SoakPattern {
    /// A length that is no multiple of any buffer's, so that a piece at a wrong place shows.
    private static let block = randomBytes((1 << 20) - 3)
    private let start: Int

    init(seed: UInt64) { start = Int(seed % UInt64(Self.block.count)) }

    /// Hands out the bytes at `offset`: as many as follow each other in memory, `count` at most.
    func withBytes<Result>(at offset: Int, count: Int, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        Self.block.withUnsafeBytes { block in
            let index = (start + offset) % block.count
            return body(UnsafeRawBufferPointer(rebasing: block[index..<min(index + count, block.count)]))
        }
    }

    /// Whether the bytes are those at `offset`.
    func matches(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Bool {
        var matched = 0
        while matched < bytes.count {
            let isSame = withBytes(at: offset + matched, count: bytes.count - matched) { expected in
                defer { matched += expected.count }
                return memcmp(bytes.baseAddress! + matched, expected.baseAddress!, expected.count) == 0
            }
            guard isSame else { return false }
        }
        return true
    }
}
