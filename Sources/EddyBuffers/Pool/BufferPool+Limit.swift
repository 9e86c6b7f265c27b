extension BufferPool {
    /// All of the pool's memory is in use.
    public struct LimitReached: Error, CustomStringConvertible {
        /// Creates the error, which carries no values.
        public init() {}

        public var description: String {
            "the pool's memory is all in use; wait until buffers have been dropped, drop or compact what is kept for "
                + "long, or raise maximumBytes"
        }
    }

    /// A part of a chunk, or memory of its own, within the limit. Here memory of single buffers counts against the
    /// limit, too.
    func allocateWithinLimit(_ byteCount: Int) -> Slice? {
        require(byteCount >= 0, "a buffer cannot have a negative size")
        guard byteCount > 0 else { return .empty }
        let isPooled = leakTracker == nil && Self.isPooled(byteCount)
        if isPooled, let slice = unsafe allocator.pointee.allocate(byteCount) { return slice }
        drainRemoteFrees()
        if isPooled, hasRoomForChunk, let slice = unsafe allocateFromNewChunk(byteCount, for: allocator) {
            return slice
        }
        guard byteCount <= configuration.maximumBytes - mappedBytes - dedicated.byteCount else {
            refusals += 1
            return nil
        }
        return allocateDedicated(byteCount)
    }

    /// Whether a chunk for the bump allocator is free, or a new slab for it fits into the limit.
    private var hasRoomForChunk: Bool {
        let size = Self.bumpChunkSize
        return freeLists.contains { $0.chunkSize == size && $0.purpose == .allocation && $0.count > 0 }
            || Slab.byteCount(chunkSize: size) <= configuration.maximumBytes - mappedBytes - dedicated.byteCount
    }
}
