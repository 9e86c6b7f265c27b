internal import Synchronization

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
    /// References of a chunk that nothing is carved from any more: the carver's own. No chunk reaches 0, which keeps
    /// a pool that inspects its memory from carving again what has not been recycled.
    private let referencesWhenEmpty: UInt32

    init(reusesChunk: Bool) {
        referencesWhenEmpty = reusesChunk ? 1 : 0
    }

    /// The next `byteCount` bytes of the chunk, or nil when they do not fit.
    @inline(__always)
    mutating func carve(_ byteCount: Int) -> Slice? {
        guard let chunk else { return nil }
        // All that was carved has come back, also what other threads have split.
        if unsafe chunk.state.pointee.references == referencesWhenEmpty,
            unsafe chunk.state.pointee.returnedRemotely.load(ordering: .relaxed) == 0
        {
            restart(chunk)
        }
        guard byteCount <= chunk.capacity - offset else { return nil }
        let slice = unsafe Slice(chunk: chunk, start: chunk.base + offset, count: 0, capacity: UInt32(byteCount))
        chunk.retainOnOwnerThread(byteCount: UInt32(byteCount))
        offset = (offset + byteCount + 7) & ~7
        return slice
    }

    @inline(__always)
    private mutating func restart(_ chunk: Chunk) {
        offset = 0
        // Bytes that were cut off from their slices are not returned with them.
        unsafe chunk.state.pointee.held = 1
    }

    mutating func replace(with newChunk: Chunk) {
        retire()
        newChunk.startFilling()
        chunk = newChunk
        offset = 0
    }

    /// Lets go of the chunk.
    mutating func retire() {
        chunk?.stopFilling()
        chunk = nil
    }
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
        // A pool that looks for leaks leaves the first carver without a chunk, so that each allocation comes here.
        if let leakTracker {
            if leakTracker.samplesNextAllocation() { return allocateTracked(byteCount) }
            return unsafe packer.pointee.carve(byteCount) ?? carveNewChunk(byteCount, for: packer)
                ?? allocateDedicated(byteCount)
        }
        if let slice = unsafe carveNewChunk(byteCount, for: carver) { return slice }
        overflows += 1
        return allocateDedicated(byteCount)
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
    func carveNewChunk(_ byteCount: Int, for carver: UnsafeMutablePointer<Carver>) -> Slice? {
        // Chunks divide a slab evenly and start at pages.
        guard let chunk = takeChunk(size: (Self.poolSize + 4095) & ~4095) else { return nil }
        unsafe carver.pointee.replace(with: chunk)
        return unsafe carver.pointee.carve(byteCount)
    }
}
