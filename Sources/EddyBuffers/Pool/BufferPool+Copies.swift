internal import CEddyBuffers
internal import Glibc

// A received slice keeps its whole chunk from being recycled. One byte of every chunk would pin all of them. Therefore,
// the more memory received slices retain, the larger the slices that are copied out:
//
//     retained by slices      0 ────── 1/4 ─────────────────────── 3/4 ────── 1   of the share of receives
//     copied out                none     up to half a chunk, where    every slice
//                                        more than a third of what is
//                                        retained holds no queued byte
//
// A copy counts against a limit that depends on its holder: ``transferToHandler(_:)`` and ``transferToQueue(_:)`` move
// it from one limit to the other.
//
//     received ──copyOut──▶ copied ──────▶ kept ──────────▶ copied ──▶ freed
//                           in a queue     in a handler    in a queue
//
// Copies in queues count against their share of the pool. Copies that handlers keep have a limit of their own.

extension BufferPool {
    /// Bytes of receive chunks that slices keep from being recycled.
    package var retainedBytes: Int { receivingBytes - fillingBytes }

    /// The size up to which a slice of a chunk of `chunkSize` bytes is copied out now; 0: no slice is.
    ///
    /// - Parameter queuedBytes: bytes in connections' queues. Memory retained beyond them is pinned without being
    ///   queued.
    package func copyLimit(chunkSize: Int, queuedBytes: Int) -> Int {
        let retained = retainedBytes
        if retained > shares.received / 4 * 3 { return chunkSize }
        return retained > shares.received / 4 && 2 * retained > 3 * queuedBytes ? chunkSize / 2 : 0
    }

    /// Exchanges a received slice for a copy in memory of its own. Returns the slice itself if copies have used up
    /// their share, or the system has no memory.
    package func copyOut(_ slice: Slice) -> Slice {
        guard slice.chunk?.isCopy == false, var copy = allocateCopy(Int(slice.count)) else { return slice }
        unsafe copy.start.copyMemory(from: slice.start, byteCount: Int(slice.count))
        copy.count = slice.count
        slice.dropOnOwnerThread()
        return copy
    }

    /// Room for `byteCount` received bytes in memory of its own; nil if copies have used up their share, or the system
    /// has no memory.
    package func allocateCopy(_ byteCount: Int) -> Slice? {
        guard byteCount > 0 else { return .empty }
        if copiedBytes + Self.footprint(ofCopy: byteCount) > copyShare { drainRemoteFrees() }
        guard copiedBytes + Self.footprint(ofCopy: byteCount) <= copyShare, let base = unsafe malloc(byteCount) else {
            refusals += 1
            return nil
        }
        copiedBytes += Self.footprint(ofCopy: byteCount)
        copiedBytesPeak = max(copiedBytesPeak, copiedBytes + keptBytes)
        return unsafe adopt(base, byteCount: byteCount, origin: .copied)
    }

    /// The most bytes of all copies.
    package var copyShare: Int { shares.copied ?? max(0, configuration.maximumBytes - mappedBytes) }

    /// Moves a slice from its queue to a handler, which may keep it indefinitely.
    ///
    /// - Returns: false if handlers already keep as much as they may; then nothing has changed.
    @inlinable
    @inline(__always)
    package func transferToHandler(_ slice: Slice) -> Bool {
        guard let chunk = slice.chunk, case .copied = unsafe chunk.state.pointee.origin else { return true }
        return charge(chunk)
    }

    @usableFromInline
    @inline(never)
    func charge(_ chunk: Chunk) -> Bool {
        let footprint = Self.footprint(ofCopy: chunk.capacity)
        if keptBytes + footprint > configuration.maximumKeptBytes { drainRemoteFrees() }
        guard keptBytes + footprint <= configuration.maximumKeptBytes else {
            refusals += 1
            return false
        }
        unsafe chunk.state.pointee.origin = .kept
        keptBytes += footprint
        copiedBytes -= footprint
        return true
    }

    /// Moves a handler's slice into a queue. Does nothing for memory of other pools.
    @inlinable
    @inline(__always)
    package func transferToQueue(_ slice: Slice) {
        guard let chunk = slice.chunk, chunk.isOwnedByCurrentThread, case .kept = unsafe chunk.state.pointee.origin
        else { return }
        discharge(chunk)
    }

    @usableFromInline
    @inline(never)
    func discharge(_ chunk: Chunk) {
        // Memory that a handler also holds elsewhere, as in a store or the rest of a split buffer, stays counted as
        // kept.
        guard unsafe chunk.state.pointee.slices.count == 1,
            unsafe chunk.state.pointee.pool.toOpaque() == Unmanaged.passUnretained(self).toOpaque()
        else { return }
        unsafe chunk.state.pointee.origin = .copied
        keptBytes -= Self.footprint(ofCopy: chunk.capacity)
        copiedBytes += Self.footprint(ofCopy: chunk.capacity)
    }

    /// Whether ``trimCopies()`` may have memory to return.
    package var mayTrimCopies: Bool { copiedBytesPeak > Self.copiesWorthTrimming }

    /// Makes malloc return memory of freed copies to the system: call it regularly. Otherwise malloc keeps small freed
    /// blocks (malloc_trim(3)).
    package func trimCopies() {
        let held = copiedBytes + keptBytes
        guard mayTrimCopies, held < copiedBytesPeak / 2 else { return }
        copiedBytesPeak = held
        eddy_trim_malloc()
    }

    private static let copiesWorthTrimming = 1 << 20

    /// The memory of a copy: its bytes, and the state of its chunk.
    static func footprint(ofCopy byteCount: Int) -> Int { byteCount + MemoryLayout<ChunkState>.stride }
}

extension Chunk {
    /// Whether it holds a single copy, not slices of a shared chunk.
    var isCopy: Bool {
        switch unsafe state.pointee.origin {
        case .copied, .kept: true
        case .slab, .dedicated, .adopted: false
        }
    }

    /// Whether its bytes were received, and count against a limit of the pool.
    package var holdsReceivedBytes: Bool {
        switch unsafe state.pointee.origin {
        case .slab(.receiving), .copied, .kept: true
        case .slab(.allocation), .dedicated, .adopted: false
        }
    }
}
