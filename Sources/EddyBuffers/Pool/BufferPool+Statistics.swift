extension BufferPool {
    /// A snapshot of a pool's memory, counted from the chunks themselves.
    public struct Statistics: Sendable, Equatable {
        /// Mapped slabs.
        public var slabs = 0
        /// Bytes of mapped slabs.
        public var mappedBytes = 0
        /// Free chunks.
        public var chunksFree = 0
        /// Chunks that the kernel may be writing to.
        public var chunksFilling = 0
        /// Chunks that hold live slices, and those that buffers are being allocated from.
        public var chunksHeld = 0
        /// Slices that have not been dropped.
        public var slicesOut = 0
        /// Buffers with memory of their own, and chunks that compacted buffers are packed into.
        public var dedicatedBuffers = 0
        /// Bytes of ``dedicatedBuffers``.
        public var dedicatedBytes = 0
        /// Bytes of copies of received bytes in connections' queues, including the states of their chunks; part of
        /// ``dedicatedBytes``.
        public var copiedBytes = 0
        /// Bytes of copies of received bytes that handlers keep; part of ``dedicatedBytes``, too.
        public var keptBytes = 0
        /// References that other threads have returned.
        public var remoteReturns: UInt64 = 0
        /// How often the limit prevented a new slab for a chunk that was needed: starvation.
        public var refusals: UInt64 = 0
        /// Buffers that got memory of their own because the pool was at its limit.
        public var overflows: UInt64 = 0
        /// Bytes of the slices that have not been dropped. (Bytes removed from the front of a slice count until their
        /// chunk is recycled.)
        public var liveBytes = 0
        /// Bytes that these slices retain: those of their whole chunks.
        public var retainedBytes = 0
        /// The most chunks that were in use at the same time.
        public var chunksUsedPeak = 0
        /// The most bytes of slabs that were mapped at the same time.
        public var mappedBytesPeak = 0

        /// Bytes retained for each live byte: 1 at best, and 1 if there are no live bytes.
        public var amplification: Double { liveBytes == 0 ? 1 : Double(retainedBytes) / Double(liveBytes) }

        /// All figures zero.
        public init() {}

        /// The sum of two pools' figures; for peaks an upper bound, since they may have occurred at different times.
        public static func + (left: Statistics, right: Statistics) -> Statistics {
            var sum = left
            sum.slabs += right.slabs
            sum.mappedBytes += right.mappedBytes
            sum.chunksFree += right.chunksFree
            sum.chunksFilling += right.chunksFilling
            sum.chunksHeld += right.chunksHeld
            sum.slicesOut += right.slicesOut
            sum.dedicatedBuffers += right.dedicatedBuffers
            sum.dedicatedBytes += right.dedicatedBytes
            sum.copiedBytes += right.copiedBytes
            sum.keptBytes += right.keptBytes
            sum.remoteReturns += right.remoteReturns
            sum.refusals += right.refusals
            sum.overflows += right.overflows
            sum.liveBytes += right.liveBytes
            sum.retainedBytes += right.retainedBytes
            sum.chunksUsedPeak += right.chunksUsedPeak
            sum.mappedBytesPeak += right.mappedBytesPeak
            return sum
        }
    }

    /// The pool's figures. Walks all chunks, so that the hot path does not have to count.
    ///
    /// - Precondition: on the thread that owns the pool.
    public var statistics: Statistics {
        requireOwner()
        return collectStatistics()
    }

    func collectStatistics() -> Statistics {
        var statistics = Statistics()
        statistics.slabs = slabs.count { $0.memory != nil }
        statistics.mappedBytes = mappedBytes
        statistics.chunksFilling = chunksFilling
        statistics.chunksFree = freeLists.reduce(0) { $0 + $1.count }
        statistics.dedicatedBuffers = dedicated.count
        statistics.dedicatedBytes = dedicated.byteCount
        statistics.copiedBytes = copiedBytes
        statistics.keptBytes = keptBytes
        statistics.remoteReturns = remoteReturns
        statistics.refusals = refusals
        statistics.overflows = overflows
        statistics.chunksHeld = chunksUsed - chunksFilling
        statistics.chunksUsedPeak = chunksUsedPeak
        statistics.mappedBytesPeak = mappedBytesPeak
        forEachChunk { chunk in
            let slices = unsafe chunk.state.pointee.slices
            guard slices.count > 0 else { return }
            statistics.slicesOut += slices.count
            statistics.liveBytes += slices.byteCount
            statistics.retainedBytes += chunk.capacity
        }
        return statistics
    }
}
