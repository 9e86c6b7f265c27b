import Glibc

/// An endless stream of pseudorandom bytes. Two streams differ, and so do two positions of one stream.
struct SoakPattern {
    /// A length that is not a multiple of any buffer's, so that a misplaced piece shows.
    private static let block = randomBytes((1 << 20) - 3)
    private let start: Int

    init(seed: UInt64) { start = Int(seed % UInt64(Self.block.count)) }

    /// Passes the bytes at `offset` to `body`: as many as are contiguous in memory, at most `count`.
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
