internal import Glibc

extension Buffer {
    /// Where `byte` first stands at or behind `start`, or nil.
    ///
    /// - Precondition: `start` is from 0 to ``count``.
    public func firstIndex(of byte: UInt8, from start: Int = 0) -> Int? {
        precondition(start >= 0 && start <= count, "the search must start within the buffer")
        guard let found = unsafe memchr(slice.start + start, Int32(byte), count - start) else { return nil }
        return unsafe UnsafeRawPointer(found) - UnsafeRawPointer(slice.start)
    }

    /// Where the bytes from `offset` on first differ from `other`, counted from `offset`; nil where they do not.
    ///
    /// - Precondition: there are at least as many bytes behind `offset` as in `other`.
    public func firstDifference(from other: Span<UInt8>, at offset: Int = 0) -> Int? {
        precondition(offset >= 0 && other.count <= count - offset, "the comparison must stay within the buffer")
        let isEqual = unsafe other.withUnsafeBytes { other in
            guard let bytes = other.baseAddress else { return true }
            return unsafe memcmp(slice.start + offset, bytes, other.count) == 0
        }
        return isEqual ? nil : other.indices.first { other[$0] != self[offset + $0] }
    }
}
