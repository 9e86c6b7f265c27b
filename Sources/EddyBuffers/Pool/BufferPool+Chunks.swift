internal import Glibc

extension BufferPool {
    /// Lends a chunk to the kernel: it holds one reference until ``takeBack(_:)``. Nil at the pool's limit.
    ///
    /// Its size is the configuration's ``Configuration/receiveChunkSize`` unless another is given.
    package func lendReceiveChunk(size: Int? = nil) -> Chunk? {
        guard let chunk = takeChunk(size: size ?? configuration.receiveChunkSize) else { return nil }
        chunk.startFilling()
        chunksLent += 1
        lentBytes += chunk.capacity
        leakTracker?.noteFilling(chunk)
        return chunk
    }

    /// The kernel has let go of the chunk. It is recycled once its slices are dropped.
    package func takeBack(_ chunk: Chunk) {
        chunksLent -= 1
        lentBytes -= chunk.capacity
        chunk.stopFilling()
    }

    /// Whether what is held keeps more than half of the memory that the pool may use. Then few bytes should not hold
    /// whole chunks: see ``copyOut(_:)``.
    package var isUnderPressure: Bool { usedBytes - lentBytes > configuration.maximumBytes / 2 }

    /// A copy of a slice in memory of its own, in exchange for the slice. The slice itself where it fills much of its
    /// chunk anyway, or where the limit leaves no room.
    ///
    /// Nobody knows at this point how long the bytes will be kept. In memory of their own they pin nothing, however
    /// that turns out.
    package func copyOut(_ slice: Slice) -> Slice {
        let byteCount = Int(slice.count)
        guard let chunk = slice.chunk, byteCount <= chunk.capacity / 8,
            mappedBytes + dedicated.footprint + byteCount < configuration.maximumBytes
        else { return slice }
        var copy = allocateDedicated(byteCount)
        unsafe copy.start.copyMemory(from: slice.start, byteCount: byteCount)
        copy.count = slice.count
        slice.dropOnOwnerThread()
        return copy
    }

    /// A free chunk with one reference, from the shelf of its size or from a new slab; nil at the limit.
    func takeChunk(size: Int) -> Chunk? {
        let shelf = shelfIndex(of: size)
        if shelves[shelf].count == 0 {
            collectReturns()
            if shelves[shelf].count == 0 { growShelf(shelf) }
        }
        guard let chunk = shelves[shelf].pop() else {
            refusals += 1
            return nil
        }
        if configuration.poisonsMemory { unsafe memset(chunk.base, Int32(Poison.rented), chunk.capacity) }
        chunksUsed += 1
        usedBytes += chunk.capacity
        chunksUsedPeak = max(chunksUsedPeak, chunksUsed)
        chunk.retainOnOwnerThread()
        return chunk
    }

    /// Takes in a chunk whose last reference is gone.
    func recycle(_ chunk: Chunk) {
        guard unsafe chunk.state.pointee.origin == .slab else { return freeDedicated(chunk) }
        leakTracker?.forget(chunk)
        // Bytes that were cut off from their slices were not returned with them.
        unsafe chunk.state.pointee.held = 0
        unsafe chunk.state.pointee.generation &+= 1
        if configuration.zeroesRecycledMemory { unsafe memset(chunk.base, 0, chunk.capacity) }
        if configuration.poisonsMemory { unsafe memset(chunk.base, Int32(Poison.recycled), chunk.capacity) }
        chunksUsed -= 1
        usedBytes -= chunk.capacity
        shelves[shelfIndex(of: chunk.capacity)].push(chunk)
    }

    private func shelfIndex(of chunkSize: Int) -> Int {
        for index in shelves.indices where shelves[index].chunkSize == chunkSize { return index }
        shelves.append(ChunkShelf(chunkSize: chunkSize))
        return shelves.count - 1
    }

    /// Maps one more slab, within the limit, and puts its chunks on the shelf, lowest address on top.
    private func growShelf(_ shelf: Int) {
        let chunkSize = shelves[shelf].chunkSize
        guard Slab.byteCount(chunkSize: chunkSize) <= configuration.maximumBytes - mappedBytes else { return }
        let slab: Slab
        if let index = slabs.firstIndex(where: { $0.chunkSize == chunkSize && $0.memory == nil }) {
            guard slabs[index].mapMemory() else { return }
            slab = slabs[index]
        } else {
            guard let newSlab = Slab(chunkSize: chunkSize, pool: self) else { return }
            slabs.append(newSlab)
            slab = newSlab
        }
        mappedSlabs += 1
        mappedBytesPeak = max(mappedBytesPeak, mappedBytes)
        for index in (0..<slab.chunkCount).reversed() { shelves[shelf].push(slab.chunk(at: index)) }
    }

    /// Bytes of slabs that are mapped now.
    package var mappedBytes: Int { slabs.reduce(0) { $0 + $1.mappedBytes } }

    /// The number of slabs mapped so far, those included that were given back since.
    package var slabCount: Int { slabs.count }

    /// The memory of a slab, counted in the order of mapping; nil while it is given back.
    package func slabMemory(at index: Int) -> UnsafeMutableRawBufferPointer? {
        unsafe slabs[index].memory.map { unsafe UnsafeMutableRawBufferPointer(start: $0.base, count: $0.byteCount) }
    }
}
