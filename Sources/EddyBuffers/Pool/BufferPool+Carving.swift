// `allocUnsafe` carves a chunk from its start to its end, as Node.js does:
//
//     ┌──────────┬────────────┬───────┬─────────────────────────┐
//     │ buffer   │ buffer     │ buffer│                         │
//     └──────────┴────────────┴───────┴─────────────────────────┘
//                                     ▲ offset, always a multiple of 8
//
// A size that does not fit retires the chunk: the carver lets go of it, and it is recycled with its last buffer.
// Better than Node: when all buffers of the current chunk have been dropped, carving starts at its beginning
// again, so that a server that holds few buffers at a time stays within a few lines of the cache.

/// The chunk that is being carved. Owner thread only.
@safe
struct Carver {
    private var chunk: Chunk?
    private var offset = 0

    /// The next `byteCount` bytes of the chunk, or nil when they do not fit.
    @inline(__always)
    mutating func carve(_ byteCount: Int) -> Slice? {
        guard let chunk else { return nil }
        // One reference is the carver's own: all that was carved has come back.
        if unsafe chunk.state.pointee.references == 1 { offset = 0 }
        guard byteCount <= chunk.capacity - offset else { return nil }
        let slice = unsafe Slice(chunk: chunk, start: chunk.base + offset, count: 0, capacity: UInt32(byteCount))
        chunk.retainOnOwnerThread()
        offset = (offset + byteCount + 7) & ~7
        return slice
    }

    mutating func replace(with newChunk: Chunk) {
        retire()
        chunk = newChunk
        offset = 0
    }

    /// Lets go of the chunk.
    mutating func retire() {
        chunk?.releaseOnOwnerThread()
        chunk = nil
    }

    /// References that are the carver's and no slice.
    var heldReferences: Int { chunk == nil ? 0 : 1 }
}

extension BufferPool {
    /// Room for `byteCount` bytes: pooled if it is less than half of ``poolSize``, else memory of its own.
    package func allocate(_ byteCount: Int) -> Buffer {
        Buffer(adopting: allocateSlice(byteCount))
    }

    /// The slice of such a buffer, with its reference.
    func allocateSlice(_ byteCount: Int) -> Slice {
        precondition(byteCount >= 0, "a buffer cannot have a negative size")
        guard byteCount > 0 else { return .empty }
        guard byteCount < Self.poolSize >> 1 else { return allocateDedicated(byteCount) }
        if let slice = unsafe carver.pointee.carve(byteCount) { return slice }
        return allocateFromNewChunk(byteCount)
    }

    @inline(never)
    private func allocateFromNewChunk(_ byteCount: Int) -> Slice {
        unsafe carveNewChunk(byteCount, for: carver) ?? allocateDedicated(byteCount)
    }

    /// A copy of `bytes` among others that are kept for long.
    func packedCopy(of bytes: RawSpan) -> Buffer {
        let byteCount = bytes.byteCount
        let isPooled = byteCount > 0 && byteCount < Self.poolSize >> 1
        let slice = isPooled ? unsafe packer.pointee.carve(byteCount) ?? carveNewChunk(byteCount, for: packer) : nil
        var copy = Buffer(adopting: slice ?? allocateDedicated(byteCount))
        copy.append(copying: bytes)
        return copy
    }

    /// Gives `carver` another chunk and carves that; nil at the limit.
    private func carveNewChunk(_ byteCount: Int, for carver: UnsafeMutablePointer<Carver>) -> Slice? {
        // Chunks divide a slab evenly and start at pages.
        let chunkSize = (Self.poolSize + 4095) & ~4095
        guard let chunk = takeChunk(size: chunkSize) else { return nil }
        unsafe carver.pointee.replace(with: chunk)
        return unsafe carver.pointee.carve(byteCount)
    }
}
