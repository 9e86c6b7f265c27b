/// The free chunks of one size: a stack, so that the chunk used last, which the cache still holds, is used next.
@safe
struct ChunkShelf {
    let chunkSize: Int
    private var top: UnsafeMutablePointer<ChunkState>?
    private(set) var count = 0

    init(chunkSize: Int) {
        self.chunkSize = chunkSize
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
        return unsafe Chunk(state: state)
    }
}
