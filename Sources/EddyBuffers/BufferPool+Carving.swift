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
    /// The setting that the chunk was made under; a new ``BufferPool/poolSize`` counts from the next chunk on.
    private(set) var poolSize = 0

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

    mutating func replace(with newChunk: Chunk, poolSize: Int) {
        retire()
        chunk = newChunk
        offset = 0
        self.poolSize = poolSize
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
        precondition(byteCount >= 0, "a buffer cannot have a negative size")
        guard byteCount > 0 else { return Buffer() }
        guard byteCount < Self.poolSize >> 1 else { return allocateDedicated(byteCount) }
        if let slice = unsafe carver.pointee.carve(byteCount) { return Buffer(adopting: slice) }
        return allocateFromNewChunk(byteCount)
    }

    @inline(never)
    private func allocateFromNewChunk(_ byteCount: Int) -> Buffer {
        let poolSize = Self.poolSize
        // Chunks divide a slab evenly and start at cache lines.
        let chunkSize = (poolSize + 4095) & ~4095
        guard let chunk = takeChunk(size: chunkSize) else { return allocateDedicated(byteCount) }
        unsafe carver.pointee.replace(with: chunk, poolSize: poolSize)
        guard let slice = unsafe carver.pointee.carve(byteCount) else { return allocateDedicated(byteCount) }
        return Buffer(adopting: slice)
    }
}
