internal import Synchronization

extension BufferPool {
    /// The limits of a pool, and its chunk size.
    public struct Configuration: Sendable {
        /// Bytes of a chunk that the kernel receives into, from 4,096 to 1,073,741,824. Large chunks serve bulk
        /// transfers with few receives; where the kernel fills them incrementally, small messages pack tightly as well.
        public var receiveChunkSize: Int
        /// The most bytes of the pool for everything that connections receive and queue; at least two slabs, each of
        /// which takes 2 MiB, or the size of a chunk rounded up to a multiple of 2 MiB. Half of it is for receives
        /// alone, an eighth for ``Buffer/allocUnsafe(_:)``, which then falls back to malloc; the rest holds copies of
        /// received bytes. At the limit connections receive less, and ``Buffer/allocWithinLimit(_:)`` throws.
        public var maximumBytes: Int
        /// The most bytes of received buffers that handlers may keep in copies, in addition to those that they keep in
        /// chunks; not negative. A read that would exceed it fails. Memory that the program allocates or compacts
        /// itself does not count.
        public var maximumKeptBytes: Int
        /// Clears memory when it is recycled, for programs whose secrets must not stay in memory. Off by default, since
        /// safe code never sees old bytes. See ``Buffer/wipe()`` for single secrets.
        public var zeroesRecycledMemory = false
        /// Fills chunks with 0xD0 before they are allocated and with 0xDF when they are recycled, which exposes uses of
        /// memory that has no owner. Memory of single buffers is left to malloc's own tools. For debugging.
        public var poisonsMemory = false
        /// Which buffers are tracked until they are dropped. Defaults to the environment's `EDDY_LEAK`.
        public var leakDetection = LeakDetection.ofEnvironment
        /// Called for each leak that the pool finds when it is closed. Prints to standard error by default.
        public var leakHandler: @Sendable (Leak) -> Void = Leak.print

        /// Chunks of 256 KiB and a limit of 128 MiB by default.
        public init(receiveChunkSize: Int = 256 << 10, maximumBytes: Int = 128 << 20) {
            self.receiveChunkSize = receiveChunkSize
            self.maximumBytes = maximumBytes
            maximumKeptBytes = maximumBytes
        }

        /// Traps if the configuration is too small for a loop to receive.
        package func requireValid() {
            require(
                (4096...(1 << 30)).contains(receiveChunkSize),
                "receiveChunkSize must lie between 4 KiB and 1 GiB"
            )
            let slab = Slab.byteCount(chunkSize: receiveChunkSize)
            require(
                maximumBytes >= 2 * slab,
                "pool.maximumBytes must be at least two slabs of such chunks, which is 4 MiB up to chunks of 2 MiB"
            )
            require(maximumKeptBytes >= 0, "pool.maximumKeptBytes must not be negative")
        }
    }

    private static let poolSizeSetting = Atomic<Int>(64 << 10)

    /// The size of the chunk that ``Buffer/allocUnsafe(_:)`` allocates from. A new value applies to chunks made from
    /// now on: the current chunk is used up first, and serves sizes below half of the value when it was made. Like
    /// Node's `Buffer.poolSize` it is one setting for the whole process; 64 KiB initially.
    ///
    /// - Precondition: the new value is from 64 to 1,073,741,824.
    public static var poolSize: Int {
        get { poolSizeSetting.load(ordering: .relaxed) }
        set {
            require((64...(1 << 30)).contains(newValue), "poolSize must lie between 64 bytes and 1 GiB")
            poolSizeSetting.store(newValue, ordering: .relaxed)
        }
    }
}
