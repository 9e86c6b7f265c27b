/// The chunks that were allocated for a single buffer: a list, so that a closing pool reaches those that are still
/// held. Owner thread only.
@safe
struct DedicatedChunks {
    private var first: UnsafeMutablePointer<ChunkState>?
    private(set) var count = 0
    private(set) var byteCount = 0

    /// The bytes of the chunks and of their states.
    var footprint: Int { byteCount + count * MemoryLayout<ChunkState>.stride }

    mutating func add(_ chunk: Chunk) {
        unsafe chunk.state.pointee.next = first
        unsafe first?.pointee.previous = chunk.state
        unsafe first = chunk.state
        count += 1
        byteCount += chunk.capacity
    }

    mutating func remove(_ chunk: Chunk) {
        let (previous, next) = unsafe (chunk.state.pointee.previous, chunk.state.pointee.next)
        if let previous = unsafe previous { unsafe previous.pointee.next = next } else { unsafe first = next }
        if let next = unsafe next { unsafe next.pointee.previous = previous }
        count -= 1
        byteCount -= chunk.capacity
    }

    func forEach(_ body: (Chunk) -> Void) {
        var next = unsafe first
        while let state = unsafe next {
            unsafe next = state.pointee.next
            unsafe body(Chunk(state: state))
        }
    }
}
