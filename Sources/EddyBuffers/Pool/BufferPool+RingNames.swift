// Former names, which the ring still uses.

extension BufferPool {
    package func lendReceiveChunk(size: Int? = nil) -> Chunk? { allocateReceiveChunk(size: size) }

    package func takeBack(_ chunk: Chunk) { reclaim(chunk) }
}
