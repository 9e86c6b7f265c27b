// The pool of an event loop is divided, so that no use can take memory that another needs:
//
//     maximumBytes  ┌───────────────────────────┬────────────────────┬──────────┐
//                   │ slabs of receives: 1/2    │ copies: the rest   │ buffers: │
//                   │                           │                    │ slabs,   │
//                   │                           │                    │ 1/8      │
//                   └───────────────────────────┴────────────────────┴──────────┘
//
// Receives need slabs, which the kernel fills. Copies hold received bytes that are not worth retaining their chunks:
// few bytes of a large chunk, and messages gathered from several chunks. The slabs for buffers serve `allocUnsafe`,
// which falls back to malloc at its share. Memory that the program keeps for itself (``Buffer/compacted()``,
// ``Buffer/allocUnsafeSlow(_:)``) is in none of the shares: it never competes with receives.

/// The most bytes that each use of a pool may take.
package struct PoolShares: Equatable, Sendable {
    /// Bytes of slabs that receives fill.
    package let received: Int
    /// Bytes of slabs that `allocUnsafe` allocates from, and that files are read into.
    package let allocated: Int
    /// Bytes of copies; nil: the part of the pool's limit that the mapped slabs leave.
    package let copied: Int?

    /// Each use may take all of `maximumBytes`: for a pool that is not used for receives.
    package init(undivided maximumBytes: Int) {
        received = maximumBytes
        allocated = maximumBytes
        copied = nil
    }

    /// Divides the limit of a configuration.
    ///
    /// - Precondition: the configuration is valid: it allows two slabs of its receive chunks.
    package init(dividing configuration: BufferPool.Configuration) {
        let maximumBytes = configuration.maximumBytes
        let slab = Slab.byteCount(chunkSize: configuration.receiveChunkSize)
        received = max(slab, maximumBytes / 2 / slab * slab)
        allocated = min(maximumBytes / 8, maximumBytes - received) / Slab.granularity * Slab.granularity
        copied = maximumBytes - received - allocated
    }
}
