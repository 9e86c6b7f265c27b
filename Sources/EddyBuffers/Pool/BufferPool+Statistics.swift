internal import Synchronization

extension BufferPool {
    /// What a pool holds at one moment, counted from the chunks themselves.
    public struct Statistics: Sendable, Equatable {
        /// Slabs mapped, and their bytes.
        public var slabs = 0
        public var mappedBytes = 0
        /// Chunks that nobody uses.
        public var chunksFree = 0
        /// Chunks that the kernel may be writing to.
        public var chunksLent = 0
        /// Chunks that hold at least one live slice.
        public var chunksHeld = 0
        /// Slices that have not been dropped.
        public var slicesOut = 0
        /// Buffers with memory of their own, and their bytes.
        public var dedicatedBuffers = 0
        public var dedicatedBytes = 0
        /// References that other threads have returned so far.
        public var remoteReturns: UInt64 = 0
        /// Times that a chunk was wanted and the limit forbade another slab.
        public var refusals: UInt64 = 0

        public init() {}

        /// The sum of two pools' figures.
        public static func + (left: Statistics, right: Statistics) -> Statistics {
            var sum = left
            sum.slabs += right.slabs
            sum.mappedBytes += right.mappedBytes
            sum.chunksFree += right.chunksFree
            sum.chunksLent += right.chunksLent
            sum.chunksHeld += right.chunksHeld
            sum.slicesOut += right.slicesOut
            sum.dedicatedBuffers += right.dedicatedBuffers
            sum.dedicatedBytes += right.dedicatedBytes
            sum.remoteReturns += right.remoteReturns
            sum.refusals += right.refusals
            return sum
        }
    }

    /// The pool's figures. Owner thread only. Walks all chunks, so that the hot path need not count.
    public var statistics: Statistics {
        var statistics = Statistics()
        statistics.slabs = slabs.count
        statistics.chunksLent = chunksLent
        statistics.chunksFree = shelves.reduce(0) { $0 + $1.count }
        statistics.dedicatedBuffers = dedicated.count
        statistics.dedicatedBytes = dedicated.byteCount
        unsafe statistics.remoteReturns = inbox.pointee.returns
        statistics.refusals = refusals
        statistics.mappedBytes = slabs.reduce(0) { $0 + $1.memory.byteCount }
        var references = 0
        forEachChunk { chunk in
            let returned = unsafe chunk.state.pointee.returnedRemotely.load(ordering: .relaxed)
            references += unsafe Int(chunk.state.pointee.references - returned)
            if unsafe chunk.state.pointee.references > 0, unsafe chunk.state.pointee.origin == .slab {
                statistics.chunksHeld += 1
            }
        }
        statistics.chunksHeld -= chunksLent
        statistics.slicesOut = unsafe references - chunksLent - carver.pointee.heldReferences
            - packer.pointee.heldReferences
        return statistics
    }
}
