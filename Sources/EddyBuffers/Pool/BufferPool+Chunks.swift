extension BufferPool {
    /// Lends a chunk to the kernel: it holds one reference until ``takeBack(_:)``. Nil at the pool's limit.
    package func lendReceiveChunk() -> Chunk? {
        guard let chunk = takeChunk(size: configuration.receiveChunkSize) else { return nil }
        chunksLent += 1
        return chunk
    }

    /// The kernel has let go of the chunk. It is recycled once its slices are dropped.
    package func takeBack(_ chunk: Chunk) {
        chunksLent -= 1
        chunk.releaseOnOwnerThread()
    }

    /// A free chunk with one reference, from the shelf of its size or from a new slab; nil at the limit.
    func takeChunk(size: Int) -> Chunk? {
        let shelf = shelfIndex(of: size)
        if let chunk = shelves[shelf].pop() {
            chunk.retainOnOwnerThread()
            return chunk
        }
        collectReturns()
        if shelves[shelf].count == 0 { growShelf(shelf) }
        guard let chunk = shelves[shelf].pop() else {
            refusals += 1
            return nil
        }
        chunk.retainOnOwnerThread()
        return chunk
    }

    /// Takes in a chunk whose last reference is gone.
    func recycle(_ chunk: Chunk) {
        switch unsafe chunk.state.pointee.origin {
        case .slab: shelves[shelfIndex(of: chunk.capacity)].push(chunk)
        case .dedicated, .adopted: freeDedicated(chunk)
        }
    }

    private func shelfIndex(of chunkSize: Int) -> Int {
        for index in shelves.indices where shelves[index].chunkSize == chunkSize { return index }
        shelves.append(ChunkShelf(chunkSize: chunkSize))
        return shelves.count - 1
    }

    /// Maps one more slab, within the limit, and puts its chunks on the shelf, lowest address on top.
    private func growShelf(_ shelf: Int) {
        let chunkSize = shelves[shelf].chunkSize
        let mapped = slabs.reduce(0) { $0 + $1.memory.byteCount }
        guard mapped + Slab.byteCount(chunkSize: chunkSize) <= configuration.maximumBytes else { return }
        guard let slab = Slab(chunkSize: chunkSize, pool: self) else { return }
        slabs.append(slab)
        for index in (0..<slab.chunkCount).reversed() { shelves[shelf].push(slab.chunk(at: index)) }
    }

    /// The number of slabs mapped so far; they are never unmapped before the pool.
    package var slabCount: Int { slabs.count }

    /// The memory of a slab, counted in the order of mapping.
    package func slabMemory(at index: Int) -> UnsafeMutableRawBufferPointer {
        let memory = slabs[index].memory
        return unsafe UnsafeMutableRawBufferPointer(start: memory.base, count: memory.byteCount)
    }
}
