internal import Synchronization

extension BufferPool {
    /// What a pool may use, and how it cuts it.
    public struct Configuration: Sendable {
        /// Bytes of a chunk that the kernel receives into. Large chunks serve bulk transfers with few receives;
        /// where the kernel fills them step by step, small messages pack tightly as well.
        public var receiveChunkSize: Int
        /// Bytes of slabs that the pool may map. At the limit receives wait for memory to come back, and
        /// ``Buffer/allocUnsafe(_:)`` falls back to memory of its own for each buffer.
        public var maximumBytes: Int

        public init(receiveChunkSize: Int = 256 << 10, maximumBytes: Int = 128 << 20) {
            self.receiveChunkSize = receiveChunkSize
            self.maximumBytes = maximumBytes
        }
    }

    private static let poolSizeSetting = Atomic<Int>(64 << 10)

    /// Bytes of the chunk that ``Buffer/allocUnsafe(_:)`` carves, for chunks made from now on. As Node's
    /// `Buffer.poolSize` it is one setting for the whole process; 64 KiB at the start.
    ///
    /// - Precondition: the new value is from 64 to 1,073,741,824.
    public static var poolSize: Int {
        get { poolSizeSetting.load(ordering: .relaxed) }
        set {
            precondition((64...(1 << 30)).contains(newValue), "poolSize must lie between 64 bytes and 1 GiB")
            poolSizeSetting.store(newValue, ordering: .relaxed)
        }
    }
}
