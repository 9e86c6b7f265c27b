internal import Glibc

extension Buffer {
    /// A copy of the bytes, packed with other long-lived bytes.
    ///
    /// A buffer keeps its whole chunk from being recycled, for example 256 KiB if it was received into one. Compact
    /// bytes that are kept for long: the copy lies in a chunk that holds only long-lived bytes, and has no free
    /// capacity. Bytes that fill half of their memory or more stay where they are, unless they were received: receive
    /// memory is for short-lived bytes.
    public consuming func compacted() -> Buffer {
        guard let chunk = slice.chunk, count < chunk.capacity / 2 || chunk.holdsReceivedBytes else { return self }
        return BufferPool.current.packedCopy(of: bytes)
    }

    /// Overwrites the buffer's memory with zeros, its free capacity included, and leaves it empty. For secrets: the
    /// compiler does not remove these writes, although no code reads the zeros (explicit_bzero(3)).
    ///
    /// Bytes that were split off or removed from the front no longer belong to the buffer, and stay.
    public mutating func wipe() {
        guard capacity > 0 else { return }
        unsafe explicit_bzero(slice.start, capacity)
        slice.count = 0
    }
}
