/// Mapped memory cut into chunks of one size, with the states of those chunks beside it.
@safe
struct Slab {
    /// Slabs are multiples of this: the size of a huge page.
    static let granularity = MappedMemory.alignment

    let memory: MappedMemory
    let chunkSize: Int
    let chunkCount: Int
    let states: UnsafeMutablePointer<ChunkState>

    /// Maps a slab for chunks of `chunkSize` bytes; nil when the system has no memory.
    init?(chunkSize: Int, pool: BufferPool) {
        let byteCount = Self.byteCount(chunkSize: chunkSize)
        guard let memory = MappedMemory(byteCount: byteCount) else { return nil }
        self.memory = memory
        self.chunkSize = chunkSize
        chunkCount = byteCount / chunkSize
        unsafe states = .allocate(capacity: chunkCount)
        for index in 0..<chunkCount {
            unsafe (states + index).initialize(
                to: ChunkState(
                    base: memory.base + index * chunkSize,
                    capacity: UInt32(chunkSize),
                    owner: pool.owner,
                    pool: Unmanaged.passUnretained(pool),
                    origin: .slab
                )
            )
        }
    }

    /// Bytes that a slab for chunks of `chunkSize` takes.
    static func byteCount(chunkSize: Int) -> Int {
        (chunkSize + granularity - 1) / granularity * granularity
    }

    func chunk(at index: Int) -> Chunk {
        precondition(index >= 0 && index < chunkCount)
        return unsafe Chunk(state: states + index)
    }

    /// Gives all back. Only when every chunk is free.
    func unmap() {
        unsafe states.deinitialize(count: chunkCount)
        unsafe states.deallocate()
        memory.unmap()
    }
}
