extension Buffer {
    /// Drops the first `byteCount` bytes.
    ///
    /// - Precondition: `byteCount` is from 0 to ``count``.
    public mutating func removeFirst(_ byteCount: Int) {
        slice.removeFirst(byteCount)
    }

    /// Drops all bytes after the first `newCount`; their room can be appended to again.
    ///
    /// - Precondition: `newCount` is from 0 to ``count``.
    public mutating func truncate(to newCount: Int) {
        require(newCount >= 0 && newCount <= count, "a buffer cannot be truncated to more than it holds")
        slice.count = UInt32(newCount)
    }

    /// Splits the first `byteCount` bytes off and returns them. Both parts stay in the same memory.
    ///
    /// The returned part has no free capacity; the rest keeps its own.
    ///
    /// - Precondition: `byteCount` is from 0 to ``count``.
    public mutating func splitFirst(_ byteCount: Int) -> Buffer {
        require(byteCount >= 0 && byteCount <= count, "a buffer can be split only within its bytes")
        guard byteCount > 0, let chunk = slice.chunk else { return Buffer() }
        chunk.retain()
        let first = unsafe Slice(
            chunk: chunk,
            start: slice.start,
            count: UInt32(byteCount),
            capacity: UInt32(byteCount)
        )
        slice.removeFirst(byteCount)
        return Buffer(adopting: first)
    }
}
