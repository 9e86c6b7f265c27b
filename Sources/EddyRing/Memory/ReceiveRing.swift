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
// With incremental consumption (kernel 6.12) each receive takes what arrived, right behind the one before; the
// completion says `bufferContinues` until the chunk is full. Without it a receive uses a chunk up, so chunks are
// smaller. Either way an entry that is used up is given another free chunk, whichever that is: a slow consumer that
// holds one slice costs memory, and does not block the entry.
//
// The ring starts with few chunks, which stay in the cache, grows when receives find it empty, and shrinks when most of
// its chunks have long been idle. It does not grow beyond an eighth of the share of receives: what one call of `enter`
// receives must not fill the pool, before the loop has seen whose bytes they are.
//
// A slice holds its chunk. The more memory slices retain, the larger the slices that are copied out of their chunks
// (``BufferPool/copyLimit(chunkSize:queuedBytes:)``): a connection that keeps one slice of each chunk then takes the
// memory of those slices alone.

/// Chunks lent to the kernel for receives, and the way from a completion to the slice that it filled.
///
/// Owner thread only.
@safe
package final class ReceiveRing {
    /// Names the ring in submissions.
    package let group: UInt16
    /// Whether the kernel fills a chunk by and by instead of once.
    package let isIncremental: Bool

    /// Bytes of each chunk.
    package let chunkSize: Int

    private let ring: Ring
    private let pool: BufferPool
    private let entries: UnsafeMutablePointer<ProvidedBuffer>
    private let lent: UnsafeMutablePointer<LentChunk>
    private let state: UnsafeMutablePointer<State>

    package static let capacity: UInt16 = 256
    private static let mask = capacity - 1

    /// A chunk in the ring, and how far it has been filled.
    private struct LentChunk {
        var chunk: Chunk?
        var filled: UInt32 = 0
    }

    private struct State {
        /// The largest slice that is copied out of its chunk; 0: none.
        var copyLimit = 0
        /// The fewest entries that the kernel had left since ``shrink()``.
        var fewest: UInt16 = 0
        /// Entries that the ring starts with, and never goes below.
        let minimum: UInt16
        /// Where the next entry goes. Wraps.
        var tail: UInt16 = 0
        /// Entries that the kernel has and has not used up.
        var count: UInt16 = 0
        /// Entries that the ring aims at; doubled when receives found it empty, up to a maximum.
        var target: UInt16
        let maximum: UInt16
        var starvations: UInt64 = 0
        /// Slices that were copied out.
        var copies: UInt64 = 0
        /// Whether the kernel knows the entries.
        var isRegistered = false
    }

    /// Registers a ring of the pool's chunks with the kernel and provides the first of them.
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
        // The kernel wants whole pages.
        let memory = UnsafeMutableRawPointer.allocate(
            byteCount: count * MemoryLayout<ProvidedBuffer>.stride,
            alignment: 4096
        )
        unsafe memory.initializeMemory(as: UInt8.self, repeating: 0, count: count * MemoryLayout<ProvidedBuffer>.stride)
        unsafe entries = memory.bindMemory(to: ProvidedBuffer.self, capacity: count)
        unsafe lent = .allocate(capacity: count)
        unsafe lent.initialize(repeating: LentChunk(), count: count)
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
        // Until it is closed the kernel may read the entries: they are leaked rather than freed.
        if unsafe !state.pointee.isRegistered { unsafe entries.deallocate() }
        unsafe lent.deallocate()
        unsafe state.deallocate()
    }

    /// Takes the ring and its chunks back from the kernel. Only when every completion that names a chunk has been read.
    ///
    /// Receives that are still in flight find no chunk (ENOBUFS), unless the ring has been refilled by then.
    package func close() {
        ring.engine.unregisterBufferRing(group: group)
        unsafe state.pointee.isRegistered = false
        for index in 0..<Int(Self.capacity) {
            guard let chunk = unsafe lent[index].chunk else { continue }
            unsafe lent[index].chunk = nil
            pool.takeBack(chunk)
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

    /// The slice that a receive's completion filled; nil when it filled none (end of the stream, failure).
    package func slice(for completion: CompletionEntry) -> Slice? {
        guard let index = completion.bufferIndex else { return nil }
        require(index < Self.capacity, "the kernel names a buffer that it was never given")
        let entry = unsafe lent + Int(index)
        guard let chunk = unsafe entry.pointee.chunk else {
            unreachable("the kernel names a buffer that it has given back")
        }
        guard completion.result > 0 else {
            // The end of the stream uses nothing up. With incremental consumption the kernel keeps the chunk,
            // though it does not say `bufferContinues` here (liburing issue 1545).
            if !isIncremental { unsafe giveBack(entry, chunk) }
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
        if !completion.flags.contains(.bufferContinues) { unsafe giveBack(entry, chunk) }
        return unsafe Int(byteCount) <= state.pointee.copyLimit ? copyOut(slice) : slice
    }

    @inline(never)
    private func copyOut(_ slice: Slice) -> Slice {
        let copy = pool.copyOut(slice)
        if copy.chunk != slice.chunk { unsafe state.pointee.copies += 1 }
        return copy
    }

    /// The kernel has let go of the chunk; its entry can be provided anew.
    private func giveBack(_ entry: UnsafeMutablePointer<LentChunk>, _ chunk: Chunk) {
        unsafe entry.pointee = LentChunk()
        unsafe state.pointee.count -= 1
        unsafe state.pointee.fewest = min(state.pointee.fewest, state.pointee.count)
        pool.takeBack(chunk)
    }

    // MARK: Refilling

    /// Provides free chunks up to the target, and publishes them with one store; gives the ring to the kernel again if
    /// it was taken back. Where the kernel has no memory for it receives wait, and the next call tries again.
    ///
    /// - Parameter queuedBytes: bytes of the queues of all connections, which are retained for a reason.
    /// - Returns: whether the ring has chunks now.
    @discardableResult
    package func refill(queuedBytes: Int = 0) -> Bool {
        unsafe state.pointee.copyLimit = pool.copyLimit(chunkSize: chunkSize, queuedBytes: queuedBytes)
        guard unsafe state.pointee.count < state.pointee.target else { return true }
        guard unsafe state.pointee.isRegistered || (try? register()) != nil else { return false }
        let before = unsafe state.pointee.tail
        while unsafe state.pointee.count < state.pointee.target, let chunk = pool.lendReceiveChunk(size: chunkSize) {
            provide(chunk)
        }
        if unsafe state.pointee.tail != before {
            unsafe eddy_store_release_16(&entries[0].tail, state.pointee.tail)
        }
        return hasChunks
    }

    private func provide(_ chunk: Chunk) {
        // At most `target` ≤ capacity entries are out at a time and the kernel uses them up in order, so the
        // position in the ring is free and serves as the index.
        let index = unsafe state.pointee.tail & Self.mask
        unsafe lent[Int(index)] = LentChunk(chunk: chunk)
        let entry = unsafe entries + Int(index)
        unsafe entry.pointee.address = UInt64(UInt(bitPattern: chunk.base))
        unsafe entry.pointee.byteCount = UInt32(chunk.capacity)
        unsafe entry.pointee.index = index
        unsafe state.pointee.tail &+= 1
        unsafe state.pointee.count += 1
    }

    /// A receive found the ring empty: aims at twice the chunks from now on.
    package func noteStarvation() {
        unsafe state.pointee.starvations += 1
        unsafe state.pointee.target = min(state.pointee.target * 2, state.pointee.maximum)
    }

    /// Halves the ring if more than half of its chunks have been idle since the last call, and gathers its chunks if they
    /// lie scattered. Call it every now and then, when every completion that was posted has been read.
    ///
    /// Chunks that the kernel has cannot be taken out one by one, and an idle kernel uses none up. So the ring is taken
    /// away as a whole and given anew: receives that are in flight look for it when data arrive. Only where the kernel
    /// posts completions within `enter` alone, so that nothing can happen in between.
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
