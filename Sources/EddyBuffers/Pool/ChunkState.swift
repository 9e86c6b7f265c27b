public import Synchronization

// A slab is mapped memory. It is cut into chunks of one size. A chunk is divided into slices from its start to its end,
// by the kernel (receives) or by `allocUnsafe`, and is recycled as a whole, as Node.js's pool is collected as a whole.
//
//     slab   ┌──────────────────────────┬──────────────────────────┬─────────────
//            │ chunk 0                  │ chunk 1                  │ chunk 2 …
//            └──────────────────────────┴──────────────────────────┴─────────────
//                                         │
//     chunk  ┌───────┬─────┬───────────┬──┴────────────────────────┐
//            │ slice │slice│ slice     │ not allocated yet         │
//            └───────┴─────┴───────────┴───────────────────────────┘
//                                      ▲ the kernel or the allocator holds one more reference
//
// The state of a chunk lives in a side table, never in the memory that it describes: neither a peer's bytes nor a stray
// write can damage the pool.

/// The state of one chunk: its owner, and its number of references.
///
/// A chunk is free when its references reach zero. The owner thread counts with plain stores. Other threads count in
/// `remotelyReleased` and push the chunk onto the owner's remote free list; the owner subtracts when it drains the
/// list.
///
/// References and the bytes of their slices are counted in one number, so that one addition updates both:
///
///      63            32 31             0
///     ┌────────────────┬────────────────┐
///     │ bytes          │ references     │     a slice of n bytes counts n << 32 | 1
///     └────────────────┴────────────────┘
@safe
@usableFromInline
package struct ChunkState: ~Copyable {
    /// The first byte. Valid for `capacity` bytes while the chunk has references.
    ///
    /// Changes only while the chunk is free: its slab may unmap its memory and map other memory later.
    @usableFromInline
    package internal(set) var base: UnsafeMutableRawPointer
    @usableFromInline
    package internal(set) var capacity: UInt32

    /// Live slices, plus one while the chunk is being filled (by the kernel or the allocator), and the slices' bytes.
    /// Owner thread only.
    @usableFromInline
    package var held: UInt64 = 0
    /// Whether the kernel or the bump allocator holds a reference, and may create more slices. Owner thread only.
    var isBeingFilled = false
    /// Counts how often the chunk has been recycled: a slice of an older generation is stale. Owner thread only.
    @usableFromInline
    package internal(set) var generation: UInt32 = 0

    /// The owner's ``ThreadIdentity``, or 0 once the pool is closed and has no owner. Written by the owner, read by all
    /// threads; relaxed, since each thread only checks whether the value is its own.
    @usableFromInline
    package let owner: Atomic<UInt>

    package let pool: Unmanaged<BufferPool>
    @usableFromInline
    package internal(set) var origin: Origin

    /// The next chunk on this chunk's list: the free list of its size, or the pool's list of dedicated memory. Owner
    /// thread only.
    var next: UnsafeMutablePointer<ChunkState>?
    /// The previous chunk on the list of dedicated memory. Owner thread only.
    var previous: UnsafeMutablePointer<ChunkState>?

    // Other threads write everything below. The padding separates it from what the owner counts.
    private let padding: UInt64 = 0

    /// References returned by other threads and not yet subtracted by the owner, with their bytes: as in `held`.
    @usableFromInline
    let remotelyReleased = Atomic<UInt64>(0)
    /// Whether the chunk is already on the owner's remote free list. The thread that changes it from false to true
    /// pushes the chunk.
    let queued = Atomic<Bool>(false)
    /// The next chunk on the remote free list. Written by the thread that set `queued`, read by the owner after it took
    /// the list.
    var nextRemotelyReleased: UnsafeMutablePointer<ChunkState>?

    /// Where the memory came from, which decides where it goes when the chunk is free.
    @usableFromInline
    package enum Origin {
        /// Part of a slab; returned to the free list of its size and purpose.
        case slab(Slab.Purpose)
        /// Allocated for a single buffer, or for long-lived bytes; freed.
        case dedicated
        /// Received bytes that were copied out of their chunks and are in a connection's queue; freed.
        case copied
        /// The same, held by a handler; freed.
        case kept
        /// Taken over from elsewhere; passed to its deallocator.
        case adopted
    }

    init(
        base: UnsafeMutableRawPointer,
        capacity: UInt32,
        owner: ThreadIdentity,
        pool: Unmanaged<BufferPool>,
        origin: Origin
    ) {
        unsafe self.base = base
        self.capacity = capacity
        self.owner = Atomic(owner.rawValue)
        unsafe self.pool = pool
        self.origin = origin
    }

    /// What a slice of `byteCount` bytes adds to ``held``.
    @inlinable
    @inline(__always)
    static func share(of byteCount: UInt32) -> UInt64 { UInt64(byteCount) << 32 | 1 }

    /// References without bytes.
    @inlinable
    @inline(__always)
    package var references: UInt32 { UInt32(truncatingIfNeeded: held) }

    /// Slices that have not been dropped, and their bytes, without those that other threads have returned.
    var slices: (count: Int, byteCount: Int) {
        let held = held &- remotelyReleased.load(ordering: .relaxed)
        return (Int(UInt32(truncatingIfNeeded: held)) - (isBeingFilled ? 1 : 0), Int(held >> 32))
    }
}
