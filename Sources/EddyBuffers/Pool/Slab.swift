/// Memory cut into chunks of one size, with the states of those chunks in a separate table.
///
/// The memory may be returned to the system and mapped again. The states live as long as the pool: a thread that has
/// just returned a slice may still read one.
@safe
@usableFromInline
package struct Slab {
    /// Slabs are multiples of this: the size of a huge page.
    static let granularity = MappedMemory.alignment

    /// What a slab's chunks are for. A slab serves a single purpose, so that no purpose takes the share of another.
    @usableFromInline
    package enum Purpose: UInt8, Sendable {
        /// The kernel receives into them.
        case receiving
        /// `allocUnsafe` allocates from them, and files are read into them.
        case allocation
    }

    /// Nil while the memory is unmapped.
    private(set) var memory: MappedMemory?
    let chunkSize: Int
    let purpose: Purpose
    let chunkCount: Int
    let states: UnsafeMutablePointer<ChunkState>

    /// Maps a slab for chunks of `chunkSize` bytes; nil when the system has no memory.
    init?(chunkSize: Int, purpose: Purpose, pool: BufferPool) {
        let byteCount = Self.byteCount(chunkSize: chunkSize)
        guard let memory = MappedMemory(byteCount: byteCount) else { return nil }
        self.memory = memory
        self.chunkSize = chunkSize
        self.purpose = purpose
        chunkCount = byteCount / chunkSize
        unsafe states = .allocate(capacity: chunkCount)
        for index in 0..<chunkCount {
            unsafe (states + index).initialize(
                to: ChunkState(
                    base: memory.base + index * chunkSize,
                    capacity: UInt32(chunkSize),
                    owner: .current,
                    pool: Unmanaged.passUnretained(pool),
                    origin: .slab(purpose)
                )
            )
        }
    }

    /// Bytes that a slab for chunks of `chunkSize` takes.
    static func byteCount(chunkSize: Int) -> Int {
        (chunkSize + granularity - 1) / granularity * granularity
    }

    /// Bytes that are mapped.
    var mappedBytes: Int { memory?.byteCount ?? 0 }

    func chunk(at index: Int) -> Chunk {
        require(index >= 0 && index < chunkCount, "a slab has only its own chunks")
        return unsafe Chunk(state: states + index)
    }

    func contains(_ chunk: Chunk) -> Bool {
        unsafe chunk.state >= states && chunk.state < states + chunkCount
    }

    /// Whether all chunks are free.
    var isFree: Bool {
        (0..<chunkCount).allSatisfy { unsafe states[$0].held == 0 }
    }

    /// Returns the memory to the system. Only while every chunk is free and on no free list.
    mutating func unmapMemory() {
        memory?.unmap()
        memory = nil
    }

    /// Maps memory again; false when the system has none.
    mutating func mapMemory() -> Bool {
        guard let memory = MappedMemory(byteCount: Self.byteCount(chunkSize: chunkSize)) else { return false }
        self.memory = memory
        for index in 0..<chunkCount { unsafe states[index].base = memory.base + index * chunkSize }
        return true
    }

    /// Frees everything, when the pool ends.
    mutating func end() {
        unmapMemory()
        unsafe states.deinitialize(count: chunkCount)
        unsafe states.deallocate()
    }
}
