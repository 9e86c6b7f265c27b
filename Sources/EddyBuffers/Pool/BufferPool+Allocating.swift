extension BufferPool {
    /// Room for `byteCount` bytes: pooled if it is less than half of ``poolSize``, otherwise memory of its own.
    package func allocate(_ byteCount: Int) -> Buffer {
        Buffer(adopting: allocateSlice(byteCount))
    }

    /// The slice of such a buffer, with its reference.
    private func allocateSlice(_ byteCount: Int) -> Slice {
        unsafe allocator.pointee.allocate(byteCount) ?? allocateSlowly(byteCount)
    }

    /// Allocates when the bump allocator cannot: its chunk is used up, or the size is not pooled.
    @usableFromInline
    @inline(never)
    static func allocateSlowly(_ byteCount: Int) -> Slice {
        withCurrent { $0.allocateSlowly(byteCount) }
    }

    private func allocateSlowly(_ byteCount: Int) -> Slice {
        require(byteCount >= 0, "a buffer cannot have a negative size")
        guard byteCount > 0 else { return .empty }
        guard Self.isPooled(byteCount) else { return allocateDedicated(byteCount) }
        // A pool with leak detection gives its bump allocator no chunk, so each allocation comes here.
        if let leakTracker {
            if leakTracker.samplesNextAllocation() { return allocateDedicated(byteCount, watched: true) }
            return unsafe longLivedAllocator.pointee.allocate(byteCount) ?? allocateFromNewChunk(
                byteCount,
                for: longLivedAllocator
            )
                ?? allocateDedicated(byteCount, watched: false)
        }
        if let slice = unsafe allocateFromNewChunk(byteCount, for: allocator) { return slice }
        overflows += 1
        return allocateDedicated(byteCount)
    }

    /// A copy of `bytes`, packed with other long-lived bytes, in memory that counts against no limit of the pool:
    /// memory that a program keeps must not compete with receives.
    func packedCopy(of bytes: RawSpan) -> Buffer {
        let byteCount = bytes.byteCount
        // A buffer that may be tracked has memory of its own.
        let isPooled = Self.isPooled(byteCount) && leakTracker == nil
        let slice =
            isPooled
            ? unsafe longLivedAllocator.pointee.allocate(byteCount) ?? allocateLongLivedFromNewChunk(byteCount) : nil
        var copy = Buffer(adopting: slice ?? allocateDedicated(byteCount))
        copy.append(copying: bytes)
        return copy
    }

    /// Gives the long-lived allocator a chunk from malloc, and allocates from it.
    private func allocateLongLivedFromNewChunk(_ byteCount: Int) -> Slice? {
        let size = Self.bumpChunkSize
        let base = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
        let chunk = unsafe dedicatedChunk(base, byteCount: size, origin: .dedicated)
        chunk.retainOnOwnerThread()
        dedicated.add(chunk)
        unsafe longLivedAllocator.pointee.replace(with: chunk)
        return unsafe longLivedAllocator.pointee.allocate(byteCount)
    }

    /// Gives `allocator` another chunk and allocates from it; nil at the limit.
    func allocateFromNewChunk(_ byteCount: Int, for allocator: UnsafeMutablePointer<BumpAllocator>) -> Slice? {
        guard let chunk = acquireChunk(size: Self.bumpChunkSize, purpose: .allocation) else { return nil }
        unsafe allocator.pointee.replace(with: chunk)
        return unsafe allocator.pointee.allocate(byteCount)
    }

    /// Node's rule: from 1 byte to less than half of ``poolSize``.
    static func isPooled(_ byteCount: Int) -> Bool { (1...largestPooled).contains(byteCount) }

    /// The largest size that is allocated from a new chunk.
    static var largestPooled: Int { (poolSize >> 1) - 1 }

    /// ``poolSize``, rounded up to whole pages.
    static var bumpChunkSize: Int { (poolSize + 4095) & ~4095 }
}
