/// The free list of chunks of one size and purpose: a stack, so that the chunk used last, which is still in the cache,
/// is used next.
@safe
struct ChunkFreeList {
    let chunkSize: Int
    let purpose: Slab.Purpose
    private var top: UnsafeMutablePointer<ChunkState>?
    private(set) var count = 0
    /// The fewest chunks that were free since ``startPeriod()``: those that were not needed in that time.
    private(set) var idleCount = 0

    init(chunkSize: Int, purpose: Slab.Purpose) {
        self.chunkSize = chunkSize
        self.purpose = purpose
    }

    mutating func push(_ chunk: Chunk) {
        unsafe chunk.state.pointee.next = top
        unsafe top = chunk.state
        count += 1
    }

    mutating func pop() -> Chunk? {
        guard let state = unsafe top else { return nil }
        unsafe top = state.pointee.next
        count -= 1
        idleCount = min(idleCount, count)
        return unsafe Chunk(state: state)
    }

    /// Starts a new period of counting how many chunks stay free.
    mutating func startPeriod() {
        idleCount = count
    }

    /// Puts chunks of the slabs that were mapped first on top, so that those of the last slabs become free.
    mutating func sort(slabs: [Slab]) {
        var chunks: [(slab: Int, chunk: Chunk)] = []
        while let chunk = pop() {
            chunks.append((slab: slabs.firstIndex { $0.contains(chunk) } ?? slabs.count, chunk: chunk))
        }
        chunks.sort { $0.slab > $1.slab }
        for entry in chunks { push(entry.chunk) }
    }

    /// Takes all chunks of a slab off the list.
    mutating func remove(chunksOf slab: Slab) {
        var kept: [Chunk] = []
        while let chunk = pop() {
            if !slab.contains(chunk) { kept.append(chunk) }
        }
        for chunk in kept.reversed() { push(chunk) }
    }
}
