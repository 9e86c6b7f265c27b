public import CEddyBuffers
public import Synchronization

// `allocUnsafe` allocates consecutive parts of a chunk, as Node.js does:
//
//     ┌──────────┬────────────┬───────┬─────────────────────────┐
//     │ buffer   │ buffer     │ buffer│                         │
//     └──────────┴────────────┴───────┴─────────────────────────┘
//     ▲ base                          ▲ offset, always a multiple of 8
//
// A size that does not fit retires the chunk: the allocator drops its reference, and the chunk is recycled with its
// last buffer. An improvement on Node.js: when all buffers of the current chunk have been dropped, allocation restarts
// at its beginning, so a server that holds few buffers at the same time touches few cache lines.

/// Allocates consecutive slices of a chunk. Owner thread only.
@safe
@usableFromInline
struct BumpAllocator {
    let pool: Unmanaged<BufferPool>

    /// Nil if there is no chunk; `capacity` and `largest` are 0 then.
    @usableFromInline var chunk: Chunk?
    /// The chunk's own values, kept here so that the hot path reads one place.
    @usableFromInline var base: UnsafeMutableRawPointer
    @usableFromInline var capacity = 0
    @usableFromInline var offset = 0
    /// The largest size that is pooled: less than half of what `poolSize` was when the chunk was made.
    @usableFromInline var largest: UInt = 0
    /// The references of a chunk that holds no live slices: the allocator's own. A count that no chunk reaches, 0, keeps a
    /// pool that inspects its memory from reusing a chunk that has not been recycled.
    @usableFromInline let referencesWhenEmpty: UInt32

    init(pool: BufferPool, reusesChunk: Bool) {
        unsafe self.pool = Unmanaged.passUnretained(pool)
        unsafe base = Slice.empty.start
        referencesWhenEmpty = reusesChunk ? 1 : 0
    }

    /// The calling thread's allocator; nil if the thread has no pool.
    @inlinable
    @inline(__always)
    static var current: UnsafeMutablePointer<BumpAllocator>? {
        unsafe eddy_get_thread_allocator()?.assumingMemoryBound(to: BumpAllocator.self)
    }

    /// The next `byteCount` bytes of the chunk; nil if `byteCount` is 0, does not fit, or is too large to be pooled.
    @inlinable
    @inline(__always)
    mutating func allocate(_ byteCount: Int) -> Slice? {
        // One comparison rejects 0 (which wraps), negative sizes and sizes that are too large.
        guard UInt(bitPattern: byteCount &- 1) < largest, let chunk else { return nil }
        // All slices have been dropped, including parts that other threads have split.
        if unsafe chunk.state.pointee.references == referencesWhenEmpty,
            unsafe chunk.state.pointee.remotelyReleased.load(ordering: .relaxed) == 0
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

    /// Drops the allocator's reference to the chunk.
    mutating func retire() {
        chunk?.stopFilling()
        chunk = nil
        capacity = 0
        largest = 0
    }
}
