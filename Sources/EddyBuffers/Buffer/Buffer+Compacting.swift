internal import Glibc

extension Buffer {
    /// The same bytes among others that are kept for long.
    ///
    /// A buffer keeps its whole chunk from being recycled, 256 KiB for example where it was received into one. Compact
    /// what is kept for long: the copy lies in a chunk that holds nothing but such bytes, and has no free capacity.
    /// Bytes that fill half of their memory or more stay where they are, unless they were received: the memory of receives
    /// is for what comes and goes.
    public consuming func compacted() -> Buffer {
        guard let chunk = slice.chunk, count < chunk.capacity / 2 || chunk.holdsReceivedBytes else { return self }
        return BufferPool.current.packedCopy(of: bytes)
    }

    /// Overwrites the buffer's memory with zeros, its free capacity included, and leaves it empty. For secrets: the
    /// compiler does not leave this out, although nobody reads the zeros (explicit_bzero(3)).
    ///
    /// Bytes that were split off or removed from the front are no longer the buffer's, and stay.
    public mutating func wipe() {
        guard capacity > 0 else { return }
        unsafe explicit_bzero(slice.start, capacity)
        slice.count = 0
    }
}
