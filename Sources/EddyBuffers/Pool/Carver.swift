public import CEddyBuffers
public import Synchronization

// `allocUnsafe` carves a chunk from its start to its end, as Node.js does:
//
//     ┌──────────┬────────────┬───────┬─────────────────────────┐
//     │ buffer   │ buffer     │ buffer│                         │
//     └──────────┴────────────┴───────┴─────────────────────────┘
//     ▲ base                          ▲ offset, always a multiple of 8
//
// A size that does not fit retires the chunk: the carver lets go of it, and it is recycled with its last buffer.
// Better than Node: when all buffers of the current chunk have been dropped, carving starts at its beginning
// again, so that a server that holds few buffers at a time stays within a few lines of the cache.

/// The chunk that is being carved. Owner thread only.
@safe
@usableFromInline
struct Carver {
    let pool: Unmanaged<BufferPool>

    /// Nil while there is none; `capacity` and `largest` are 0 then.
    @usableFromInline var chunk: Chunk?
    /// The chunk's own figures, so that the hot path asks one place.
    @usableFromInline var base: UnsafeMutableRawPointer
    @usableFromInline var capacity = 0
    @usableFromInline var offset = 0
    /// The largest size that is pooled: less than half of what `poolSize` was when the chunk was made.
    @usableFromInline var largest: UInt = 0
    /// References of a chunk that nothing is carved from any more: the carver's own. No chunk reaches 0, which keeps
    /// a pool that inspects its memory from carving again what has not been recycled.
    @usableFromInline let referencesWhenEmpty: UInt32

    init(pool: BufferPool, reusesChunk: Bool) {
        unsafe self.pool = Unmanaged.passUnretained(pool)
        unsafe base = Slice.empty.start
        referencesWhenEmpty = reusesChunk ? 1 : 0
    }

    /// The calling thread's carver; nil where it has no pool.
    @inlinable
    @inline(__always)
    static var current: UnsafeMutablePointer<Carver>? {
        unsafe eddy_get_thread_carver()?.assumingMemoryBound(to: Carver.self)
    }

    /// The next `byteCount` bytes of the chunk, or nil when they do not fit, or are none, or too many to be pooled.
    @inlinable
    @inline(__always)
    mutating func carve(_ byteCount: Int) -> Slice? {
        // One comparison refuses 0, which wraps, negative sizes, and what is too large.
        guard UInt(bitPattern: byteCount &- 1) < largest, let chunk else { return nil }
        // All that was carved has come back, also what other threads have split.
        if unsafe chunk.state.pointee.references == referencesWhenEmpty,
            unsafe chunk.state.pointee.returnedRemotely.load(ordering: .relaxed) == 0
        {
            offset = 0
            // Bytes that were cut off from their slices are not returned with them.
            unsafe chunk.state.pointee.held = 1
        }
        guard byteCount <= capacity &- offset else { return nil }
        let slice = unsafe Slice(chunk: chunk, start: base + offset, count: 0, capacity: UInt32(byteCount))
        chunk.retainOnOwnerThread(byteCount: UInt32(byteCount))
        offset = (offset &+ byteCount &+ 7) & ~7
        return slice
    }

    mutating func replace(with newChunk: Chunk) {
        retire()
        newChunk.startFilling()
        chunk = newChunk
        unsafe base = newChunk.base
        capacity = newChunk.capacity
        offset = 0
        largest = UInt(BufferPool.largestPooled)
    }

    /// Lets go of the chunk.
    mutating func retire() {
        chunk?.stopFilling()
        chunk = nil
        capacity = 0
        largest = 0
    }
}
