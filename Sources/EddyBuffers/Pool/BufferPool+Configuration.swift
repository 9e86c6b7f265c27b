internal import Synchronization

extension BufferPool {
    /// What a pool may use, and how it cuts it.
    public struct Configuration: Sendable {
        /// Bytes of a chunk that the kernel receives into, from 4,096 to 1,073,741,824. Large chunks serve bulk
        /// transfers with few receives; where the kernel fills them step by step, small messages pack tightly as well.
        public var receiveChunkSize: Int
        /// Bytes that the pool may use for all that connections receive and queue; at least two slabs, which take 2 MiB
        /// each, or as many times 2 MiB as one chunk takes. Half of it is for receives alone, an eighth for
        /// ``Buffer/allocUnsafe(_:)``, which falls back to malloc there; the rest holds copies of received bytes. At the
        /// limit connections receive less, and ``Buffer/allocWithinLimit(_:)`` throws.
        public var maximumBytes: Int
        /// Bytes of received buffers that handlers may keep in copies, beyond what they keep in chunks; not negative. A
        /// read that would go beyond it fails. What the program allocates or compacts for itself does not count.
        public var maximumKeptBytes: Int
        /// Clears memory when it is recycled, for programs whose secrets must not stay in memory. Off, since safe code
        /// never sees the bytes of others anyway. See ``Buffer/wipe()`` for single secrets.
        public var zeroesRecycledMemory = false
        /// Fills chunks with 0xD0 before they are carved and with 0xDF when they are recycled, so that a use of memory
        /// that is nobody's shows. Memory of single buffers is left to malloc's own means. For debugging.
        public var poisonsMemory = false
        /// Which buffers are watched until they are dropped. The environment's `EDDY_LEAK` unless it is set here.
        public var leakDetection = LeakDetection.ofEnvironment
        /// Told about each leak that the pool finds when it is closed. Prints it to standard error unless it is set.
        public var leakHandler: @Sendable (Leak) -> Void = Leak.print

        /// Chunks of 256 KiB and up to 128 MiB, unless others are given.
        public init(receiveChunkSize: Int = 256 << 10, maximumBytes: Int = 128 << 20) {
            self.receiveChunkSize = receiveChunkSize
            self.maximumBytes = maximumBytes
            maximumKeptBytes = maximumBytes
        }

        /// Traps unless a loop could receive with it.
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

    /// Bytes of the chunk that ``Buffer/allocUnsafe(_:)`` carves, for chunks made from now on: the chunk at hand is
    /// used up first, and takes sizes of less than half of what this was when it was made. As Node's `Buffer.poolSize`
    /// it is one setting for the whole process; 64 KiB at the start.
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
