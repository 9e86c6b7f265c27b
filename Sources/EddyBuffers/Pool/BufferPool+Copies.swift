internal import CEddyBuffers
internal import Glibc

// A received slice keeps its whole chunk from being recycled. One byte of every chunk would pin all of them, so the more
// memory receives retain, the larger the slices that are copied out:
//
//     retained by slices      0 ────── 1/4 ─────────────────────── 3/4 ────── 1   of the share of receives
//     copied out                none     up to half a chunk, where    every slice
//                                        more than a third of what is
//                                        retained holds no queued byte
//
// Who holds a copy decides what it counts against:
//
//     received ──copyOut──▶ copied ──handOut──▶ kept ──takeIn──▶ copied ──▶ freed
//                           in a queue          in a handler     in a queue
//
// Copies in queues count against their share of the pool. Those that handlers keep have a limit of their own.

extension BufferPool {
    /// Bytes of receive chunks that slices keep from being recycled.
    package var retainedBytes: Int { receivingBytes - lentBytes }

    /// The largest slice of a chunk of `chunkSize` bytes that is copied out now; 0: none.
    ///
    /// - Parameter queuedBytes: bytes of connections' queues. What is retained beyond them pins memory for nothing.
    package func copyLimit(chunkSize: Int, queuedBytes: Int) -> Int {
        let retained = retainedBytes
        if retained > shares.received / 4 * 3 { return chunkSize }
        return retained > shares.received / 4 && 2 * retained > 3 * queuedBytes ? chunkSize / 2 : 0
    }

    /// A copy of a received slice in memory of its own, in exchange for the slice; the slice itself where copies have
    /// used up their share, or the system has no memory.
    package func copyOut(_ slice: Slice) -> Slice {
        guard slice.chunk?.isCopy == false, var copy = allocateCopy(Int(slice.count)) else { return slice }
        unsafe copy.start.copyMemory(from: slice.start, byteCount: Int(slice.count))
        copy.count = slice.count
        slice.dropOnOwnerThread()
        return copy
    }

    /// Room for `byteCount` received bytes in memory of its own; nil where copies have used up their share, or the system
    /// has no memory.
    package func allocateCopy(_ byteCount: Int) -> Slice? {
        guard byteCount > 0 else { return .empty }
        if copiedBytes + Self.footprint(ofCopy: byteCount) > copyShare { collectReturns() }
        guard copiedBytes + Self.footprint(ofCopy: byteCount) <= copyShare, let base = unsafe malloc(byteCount) else {
            refusals += 1
            return nil
        }
        copiedBytes += Self.footprint(ofCopy: byteCount)
        copiedBytesPeak = max(copiedBytesPeak, copiedBytes + keptBytes)
        return unsafe adopt(base, byteCount: byteCount, origin: .copied)
    }

    /// Bytes that copies may take in all.
    package var copyShare: Int { shares.copied ?? max(0, configuration.maximumBytes - mappedBytes) }

    /// A slice leaves its queue for a handler, which may keep it for as long as it likes.
    ///
    /// - Returns: false when handlers keep as much as they may; then nothing has changed.
    @inlinable
    @inline(__always)
    package func handOut(_ slice: Slice) -> Bool {
        guard let chunk = slice.chunk, case .copied = unsafe chunk.state.pointee.origin else { return true }
        return charge(chunk)
    }

    @usableFromInline
    @inline(never)
    func charge(_ chunk: Chunk) -> Bool {
        let footprint = Self.footprint(ofCopy: chunk.capacity)
        if keptBytes + footprint > configuration.maximumKeptBytes { collectReturns() }
        guard keptBytes + footprint <= configuration.maximumKeptBytes else {
            refusals += 1
            return false
        }
        unsafe chunk.state.pointee.origin = .kept
        keptBytes += footprint
        copiedBytes -= footprint
        return true
    }

    /// A slice that a handler had goes into a queue. Does nothing for memory of other pools.
    @inlinable
    @inline(__always)
    package func takeIn(_ slice: Slice) {
        guard let chunk = slice.chunk, chunk.isOwnedByCurrentThread, case .kept = unsafe chunk.state.pointee.origin
        else { return }
        discharge(chunk)
    }

    @usableFromInline
    @inline(never)
    func discharge(_ chunk: Chunk) {
        // What a handler holds beside the queue, as a store or the rest of a split buffer, it goes on keeping.
        guard unsafe chunk.state.pointee.slices.count == 1,
            unsafe chunk.state.pointee.pool.toOpaque() == Unmanaged.passUnretained(self).toOpaque()
        else { return }
        unsafe chunk.state.pointee.origin = .copied
        keptBytes -= Self.footprint(ofCopy: chunk.capacity)
        copiedBytes += Self.footprint(ofCopy: chunk.capacity)
    }

    /// Whether ``trimCopies()`` may give something back some day.
    package var mayTrimCopies: Bool { copiedBytesPeak > Self.copiesWorthTrimming }

    /// Has malloc give memory back that copies have taken and returned since the last call: call it every now and then.
    /// Small pieces that are freed stay with malloc otherwise (malloc_trim(3)).
    package func trimCopies() {
        let held = copiedBytes + keptBytes
        guard mayTrimCopies, held < copiedBytesPeak / 2 else { return }
        copiedBytesPeak = held
        eddy_trim_malloc()
    }

    private static let copiesWorthTrimming = 1 << 20

    /// What a copy takes: its bytes, and the state of its chunk.
    static func footprint(ofCopy byteCount: Int) -> Int { byteCount + MemoryLayout<ChunkState>.stride }
}

extension Chunk {
    /// Whether it holds one copy alone, and no slice of a shared chunk.
    var isCopy: Bool {
        switch unsafe state.pointee.origin {
        case .copied, .kept: true
        case .slab, .dedicated, .adopted: false
        }
    }

    /// Whether it was received, and counts against a limit of its pool.
    package var holdsReceivedBytes: Bool {
        switch unsafe state.pointee.origin {
        case .slab(.receiving), .copied, .kept: true
        case .slab(.carving), .dedicated, .adopted: false
        }
    }
}
