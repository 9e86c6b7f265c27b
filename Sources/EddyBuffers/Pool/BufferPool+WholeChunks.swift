extension BufferPool {
    /// A whole free chunk of `size` bytes as an empty slice, with its reference, for bulk data that does not come from
    /// a socket; nil if the slabs for allocations have used up their share.
    package func allocateChunk(size: Int) -> Slice? {
        guard let chunk = acquireChunk(size: size, purpose: .allocation) else { return nil }
        chunk.retainOnOwnerThread(byteCount: UInt32(chunk.capacity))
        // Drops the reference that the chunk came with: the slice's stays.
        chunk.releaseOnOwnerThread()
        return unsafe Slice(chunk: chunk, start: chunk.base, count: 0, capacity: UInt32(chunk.capacity))
    }
}
