internal import CLiburing
package import EddyBuffers
internal import EddySystem

// The provided-buffer ring: chunks of the pool that the kernel may receive into. Each entry is one chunk.
//
//      consumed by the kernel               tail: what was provided
//               ▼                                      ▼
//     ┌────┬────┬─────────────┬─────────────┬──────────┬────┬────┐
//     │free│free│ chunk, half │ chunk       │ chunk    │free│free│
//     └────┴────┴─────────────┴─────────────┴──────────┴────┴────┘
//
// With incremental consumption (kernel 6.12) each receive takes the bytes that arrived, directly after those of the
// previous one; the completion has `bufferContinues` until the chunk is full. Otherwise a receive uses up a chunk, so
// chunks are smaller. In both cases a used-up entry gets any other free chunk: a slow consumer that holds a slice costs
// memory, but does not block the entry.
//
// The ring starts with few chunks, which stay in the cache. It grows when receives find it empty, and shrinks when most
// of its chunks have been idle for long. It does not grow beyond an eighth of the share of receives: the receives of
// one `enter` must not fill the pool before the loop has attributed their bytes to connections.
//
// A slice retains its chunk. The more memory slices retain, the larger the slices that are copied out of their chunks
// (``BufferPool/copyLimit(chunkSize:queuedBytes:)``). So a connection that keeps one slice of each chunk uses only the
// memory of those slices.

/// The chunks provided to the kernel for receives, and the mapping from a completion to the slice that it filled.
///
/// Owner thread only.
@safe
package final class ReceiveRing {
    /// The group number that submissions use.
    package let group: UInt16
    /// Whether the kernel fills a chunk incrementally instead of once.
    package let isIncremental: Bool

    /// Bytes of each chunk.
    package let chunkSize: Int

    private let ring: Ring
    private let pool: BufferPool
    private let entries: UnsafeMutablePointer<ProvidedBuffer>
    private let provided: UnsafeMutablePointer<ProvidedChunk>
    private let state: UnsafeMutablePointer<State>

    package static let capacity: UInt16 = 256
    private static let mask = capacity - 1

    /// A chunk in the ring, and how far it has been filled.
    private struct ProvidedChunk {
        var chunk: Chunk?
        var filled: UInt32 = 0
    }

    private struct State {
        /// The largest slice that is copied out of its chunk; 0 if none is.
        var copyLimit = 0
        /// The minimum of ``count`` since ``shrink()``.
        var fewest: UInt16 = 0
        /// The initial and smallest target.
        let minimum: UInt16
        /// The position of the next entry. Wraps.
        var tail: UInt16 = 0
        /// Entries that the kernel has not used up.
        var count: UInt16 = 0
        /// The target number of entries; doubled when receives find the ring empty, up to `maximum`.
        var target: UInt16
        let maximum: UInt16
        var starvations: UInt64 = 0
        /// Slices that were copied out.
        var copies: UInt64 = 0
        /// Whether the ring is registered with the kernel.
        var isRegistered = false
    }

    /// Registers a ring of the pool's chunks with the kernel, and provides the first chunks.
    package init(
        ring: Ring,
        pool: BufferPool,
        incremental: Bool,
        group: UInt16 = 0,
        target: UInt16 = 8,
        chunkSize: Int? = nil
    ) throws(RingError) {
        self.ring = ring
        self.pool = pool
        self.group = group
        isIncremental = incremental
        self.chunkSize = chunkSize ?? pool.configuration.receiveChunkSize
        let count = Int(Self.capacity)
        // The kernel requires whole pages.
        let memory = UnsafeMutableRawPointer.allocate(
            byteCount: count * MemoryLayout<ProvidedBuffer>.stride,
            alignment: 4096
        )
        unsafe memory.initializeMemory(as: UInt8.self, repeating: 0, count: count * MemoryLayout<ProvidedBuffer>.stride)
        unsafe entries = memory.bindMemory(to: ProvidedBuffer.self, capacity: count)
        unsafe provided = .allocate(capacity: count)
        unsafe provided.initialize(repeating: ProvidedChunk(), count: count)
        unsafe state = .allocate(capacity: 1)
        let mostChunks = pool.shares.received / 8 / self.chunkSize
        let maximum = UInt16(min(max(mostChunks, Int(target)), Int(Self.capacity)))
        unsafe state.initialize(to: State(minimum: target, target: target, maximum: maximum))
        try LockedMemory.awaitingRelease(of: RingSize.pageSize) { () throws(RingError) in try register() }
        refill()
    }

    /// Registers the ring, empty.
    private func register() throws(RingError) {
        unsafe state.pointee.tail = 0
        unsafe eddy_store_release_16(&entries[0].tail, 0)
        let result = unsafe ring.engine.registerBufferRing(
            entries,
            count: Self.capacity,
            group: group,
            incremental: isIncremental
        )
        guard result == 0 else {
            switch SystemError(-result) {
            case .invalidArgument: throw .missingFeature("provided-buffer rings")
            case .outOfMemory: throw .shortOfMemory(call: "io_uring_register")
            case let error: throw RingError(call: "io_uring_register", error: error)
            }
        }
        unsafe state.pointee.isRegistered = true
    }

    deinit {
        // The kernel may read the entries until the ring is closed, so they are leaked rather than freed.
        if unsafe !state.pointee.isRegistered { unsafe entries.deallocate() }
        unsafe provided.deallocate()
        unsafe state.deallocate()
    }

    /// Unregisters the ring and reclaims its chunks. Call it only after every completion that names a chunk was read.
    ///
    /// Receives that are still in flight find no chunk (ENOBUFS), unless the ring is refilled first.
    package func close() {
        ring.engine.unregisterBufferRing(group: group)
        unsafe state.pointee.isRegistered = false
        for index in 0..<Int(Self.capacity) {
            guard let chunk = unsafe provided[index].chunk else { continue }
            unsafe provided[index].chunk = nil
            pool.reclaim(chunk)
        }
        unsafe state.pointee.count = 0
    }

    /// Receives that found no chunk.
    package var starvations: UInt64 { unsafe state.pointee.starvations }
    /// Whether a receive would find a chunk.
    package var hasChunks: Bool { unsafe state.pointee.count > 0 }
    /// Slices that were copied out of their chunks because slices retained too much memory.
    package var copies: UInt64 { unsafe state.pointee.copies }

    // MARK: Completions

    /// The slice that a receive filled; nil if it filled none (end of the stream, failure).
    package func slice(for completion: CompletionEntry) -> Slice? {
        guard let index = completion.bufferIndex else { return nil }
        require(index < Self.capacity, "the kernel names a buffer that it was never given")
        let entry = unsafe provided + Int(index)
        guard let chunk = unsafe entry.pointee.chunk else {
            unreachable("the kernel names a buffer that it has given back")
        }
        guard completion.result > 0 else {
            // The end of the stream consumes nothing. With incremental consumption the kernel keeps the chunk, although
            // it does not set `bufferContinues` here (liburing issue 1545).
            if !isIncremental { unsafe reclaim(entry, chunk) }
            return nil
        }
        let byteCount = UInt32(completion.result)
        let filled = unsafe entry.pointee.filled
        require(Int(filled) + Int(byteCount) <= chunk.capacity, "the kernel filled more than a chunk")
        chunk.retainOnOwnerThread(byteCount: byteCount)
        let slice = unsafe Slice(
            chunk: chunk,
            start: chunk.base + Int(filled),
            count: byteCount,
            capacity: byteCount
        )
        unsafe entry.pointee.filled = filled + byteCount
        if !completion.flags.contains(.bufferContinues) { unsafe reclaim(entry, chunk) }
        return unsafe Int(byteCount) <= state.pointee.copyLimit ? copyOut(slice) : slice
    }

    @inline(never)
    private func copyOut(_ slice: Slice) -> Slice {
        let copy = pool.copyOut(slice)
        if copy.chunk != slice.chunk { unsafe state.pointee.copies += 1 }
        return copy
    }

    /// The kernel has released the chunk, so its entry can be provided again.
    private func reclaim(_ entry: UnsafeMutablePointer<ProvidedChunk>, _ chunk: Chunk) {
        unsafe entry.pointee = ProvidedChunk()
        unsafe state.pointee.count -= 1
        unsafe state.pointee.fewest = min(state.pointee.fewest, state.pointee.count)
        pool.reclaim(chunk)
    }

    // MARK: Refilling

    /// Provides free chunks up to the target, and publishes them with one store. Registers the ring again if it was
    /// unregistered. If the kernel lacks memory for it, receives wait, and the next call tries again.
    ///
    /// - Parameter queuedBytes: bytes in the queues of all connections, which are retained legitimately.
    /// - Returns: whether the ring has chunks now.
    @discardableResult
    package func refill(queuedBytes: Int = 0) -> Bool {
        unsafe state.pointee.copyLimit = pool.copyLimit(chunkSize: chunkSize, queuedBytes: queuedBytes)
        guard unsafe state.pointee.count < state.pointee.target else { return true }
        guard unsafe state.pointee.isRegistered || (try? register()) != nil else { return false }
        let before = unsafe state.pointee.tail
        while unsafe state.pointee.count < state.pointee.target, let chunk = pool.allocateReceiveChunk(size: chunkSize)
        {
            provide(chunk)
        }
        if unsafe state.pointee.tail != before {
            unsafe eddy_store_release_16(&entries[0].tail, state.pointee.tail)
        }
        return hasChunks
    }

    private func provide(_ chunk: Chunk) {
        // The kernel holds at most `target` ≤ capacity entries and uses them up in order, so the position in the ring
        // is free and serves as the index.
        let index = unsafe state.pointee.tail & Self.mask
        unsafe provided[Int(index)] = ProvidedChunk(chunk: chunk)
        let entry = unsafe entries + Int(index)
        unsafe entry.pointee.address = UInt64(UInt(bitPattern: chunk.base))
        unsafe entry.pointee.byteCount = UInt32(chunk.capacity)
        unsafe entry.pointee.index = index
        unsafe state.pointee.tail &+= 1
        unsafe state.pointee.count += 1
    }

    /// Records that a receive found the ring empty (ENOBUFS), and doubles the target number of chunks.
    package func noteBufferShortage() {
        unsafe state.pointee.starvations += 1
        unsafe state.pointee.target = min(state.pointee.target * 2, state.pointee.maximum)
    }

    /// Halves the ring if more than half of its chunks have been idle since the last call, and compacts its chunks if
    /// they are scattered. Call it periodically, after every posted completion was read.
    ///
    /// Chunks cannot be removed from the kernel individually, and an idle kernel uses none up. So the whole ring is
    /// unregistered and registered anew: receives in flight look it up when data arrive. This requires that the kernel
    /// posts completions only within `enter`, so that nothing happens in between.
    package func shrink() {
        let (count, fewest, target) = unsafe (state.pointee.count, state.pointee.fewest, state.pointee.target)
        unsafe state.pointee.fewest = count
        guard fewest > target / 2 else { return }
        unsafe state.pointee.target = max(target / 2, state.pointee.minimum)
        guard ring.defersTaskWork else { return }
        guard unsafe count > state.pointee.target || pool.isScattered(chunkSize: chunkSize) else { return }
        close()
        pool.preferOldSlabs(chunkSize: chunkSize)
        refill()
        unsafe state.pointee.fewest = state.pointee.count
    }
}
