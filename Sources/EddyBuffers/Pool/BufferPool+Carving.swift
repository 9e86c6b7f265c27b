extension BufferPool {
    /// Room for `byteCount` bytes: pooled if it is less than half of ``poolSize``, otherwise memory of its own.
    package func allocate(_ byteCount: Int) -> Buffer {
        Buffer(adopting: allocateSlice(byteCount))
    }

    /// The slice of such a buffer, with its reference.
    private func allocateSlice(_ byteCount: Int) -> Slice {
        unsafe carver.pointee.carve(byteCount) ?? allocateSlowly(byteCount)
    }

    /// Allocates what the current thread's carver could not: its chunk is used up, or the size is not carved.
    @usableFromInline
    @inline(never)
    static func allocateSlowly(_ byteCount: Int) -> Slice {
        withCurrent { $0.allocateSlowly(byteCount) }
    }

    private func allocateSlowly(_ byteCount: Int) -> Slice {
        require(byteCount >= 0, "a buffer cannot have a negative size")
        guard byteCount > 0 else { return .empty }
        guard Self.isPooled(byteCount) else { return allocateDedicated(byteCount) }
        // A pool with leak detection leaves the first carver without a chunk, so each allocation comes here.
        if let leakTracker {
            if leakTracker.samplesNextAllocation() { return allocateDedicated(byteCount, watched: true) }
            return unsafe packer.pointee.carve(byteCount) ?? carveNewChunk(byteCount, for: packer)
                ?? allocateDedicated(byteCount, watched: false)
        }
        if let slice = unsafe carveNewChunk(byteCount, for: carver) { return slice }
        overflows += 1
        return allocateDedicated(byteCount)
    }

    /// A copy of `bytes`, packed with other long-lived bytes, in memory that counts against no limit of the pool:
    /// memory that a program keeps must not compete with receives.
    func packedCopy(of bytes: RawSpan) -> Buffer {
        let byteCount = bytes.byteCount
        // A buffer that may be tracked has memory of its own.
        let isPooled = Self.isPooled(byteCount) && leakTracker == nil
        let slice = isPooled ? unsafe packer.pointee.carve(byteCount) ?? packNewChunk(byteCount) : nil
        var copy = Buffer(adopting: slice ?? allocateDedicated(byteCount))
        copy.append(copying: bytes)
        return copy
    }

    /// Gives the packer a chunk from malloc and carves it.
    private func packNewChunk(_ byteCount: Int) -> Slice? {
        let size = Self.carvedChunkSize
        let base = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
        let chunk = unsafe dedicatedChunk(base, byteCount: size, origin: .dedicated)
        chunk.retainOnOwnerThread()
        dedicated.add(chunk)
        unsafe packer.pointee.replace(with: chunk)
        return unsafe packer.pointee.carve(byteCount)
    }

    /// Gives `carver` another chunk and carves it; nil at the limit.
    func carveNewChunk(_ byteCount: Int, for carver: UnsafeMutablePointer<Carver>) -> Slice? {
        guard let chunk = takeChunk(size: Self.carvedChunkSize, purpose: .carving) else { return nil }
        unsafe carver.pointee.replace(with: chunk)
        return unsafe carver.pointee.carve(byteCount)
    }

    /// Node's rule: from 1 byte to less than half of ``poolSize``.
    static func isPooled(_ byteCount: Int) -> Bool { (1...largestPooled).contains(byteCount) }

    /// The largest size that a newly made chunk is carved for.
    static var largestPooled: Int { (poolSize >> 1) - 1 }

    /// ``poolSize``, rounded up to whole pages.
    static var carvedChunkSize: Int { (poolSize + 4095) & ~4095 }
}
