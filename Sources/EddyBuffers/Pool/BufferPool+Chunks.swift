internal import Glibc

extension BufferPool {
    /// Lends a chunk to the kernel, which holds one reference until ``takeBack(_:)``. Nil if receives have used up
    /// their share.
    ///
    /// Its size is the configuration's ``Configuration/receiveChunkSize`` unless another is given.
    package func lendReceiveChunk(size: Int? = nil) -> Chunk? {
        let size = size ?? configuration.receiveChunkSize
        guard let chunk = takeChunk(size: size, purpose: .receiving) else { return nil }
        chunk.startFilling()
        chunksLent += 1
        lentBytes += chunk.capacity
        leakTracker?.noteFilling(chunk)
        return chunk
    }

    /// Takes a chunk back from the kernel. It is recycled once its slices are dropped.
    package func takeBack(_ chunk: Chunk) {
        chunksLent -= 1
        lentBytes -= chunk.capacity
        chunk.stopFilling()
    }

    /// A free chunk with one reference, from the free list of its size and purpose or from a new slab; nil if that
    /// purpose has used up its share.
    func takeChunk(size: Int, purpose: Slab.Purpose) -> Chunk? {
        let shelf = shelfIndex(of: size, purpose)
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
        if purpose == .receiving { receivingBytes += chunk.capacity }
        chunksUsedPeak = max(chunksUsedPeak, chunksUsed)
        chunk.retainOnOwnerThread()
        return chunk
    }

    /// Puts a chunk whose last reference was dropped on its free list.
    func recycle(_ chunk: Chunk) {
        guard case .slab(let purpose) = unsafe chunk.state.pointee.origin else { return freeDedicated(chunk) }
        leakTracker?.forget(chunk)
        // Bytes that were cut off from their slices were not returned with them.
        unsafe chunk.state.pointee.held = 0
        unsafe chunk.state.pointee.generation &+= 1
        if configuration.zeroesRecycledMemory { unsafe memset(chunk.base, 0, chunk.capacity) }
        if configuration.poisonsMemory { unsafe memset(chunk.base, Int32(Poison.recycled), chunk.capacity) }
        chunksUsed -= 1
        if purpose == .receiving { receivingBytes -= chunk.capacity }
        shelves[shelfIndex(of: chunk.capacity, purpose)].push(chunk)
    }

    func shelfIndex(of chunkSize: Int, _ purpose: Slab.Purpose) -> Int {
        for index in shelves.indices where shelves[index].chunkSize == chunkSize && shelves[index].purpose == purpose {
            return index
        }
        shelves.append(ChunkShelf(chunkSize: chunkSize, purpose: purpose))
        return shelves.count - 1
    }

    /// Maps one more slab, within the limit, and puts its chunks on the free list, lowest address on top.
    private func growShelf(_ shelf: Int) {
        let (chunkSize, purpose) = (shelves[shelf].chunkSize, shelves[shelf].purpose)
        let wanted = Slab.byteCount(chunkSize: chunkSize)
        // Completely free slabs of another size make room.
        while !hasRoom(forSlab: wanted, purpose) {
            guard giveBackFreeSlab(exceptOn: shelf) else { return }
        }
        let slab: Slab
        if let index = slabs.firstIndex(where: {
            $0.chunkSize == chunkSize && $0.purpose == purpose && $0.memory == nil
        }) {
            guard slabs[index].mapMemory() else { return }
            slab = slabs[index]
        } else {
            guard let newSlab = Slab(chunkSize: chunkSize, purpose: purpose, pool: self) else { return }
            slabs.append(newSlab)
            slab = newSlab
        }
        mappedSlabs += 1
        mappedBytesPeak = max(mappedBytesPeak, mappedBytes)
        for index in (0..<slab.chunkCount).reversed() { shelves[shelf].push(slab.chunk(at: index)) }
    }

    /// Whether another slab stays within its purpose's share and the pool's limit.
    private func hasRoom(forSlab byteCount: Int, _ purpose: Slab.Purpose) -> Bool {
        let share = purpose == .receiving ? shares.received : shares.carved
        let mapped = slabs.reduce(0) { $0 + ($1.purpose == purpose ? $1.mappedBytes : 0) }
        return byteCount <= share - mapped && byteCount <= configuration.maximumBytes - mappedBytes
    }

    /// Unmaps a slab whose chunks are all free and on a free list other than `shelf`; false when no slab qualifies.
    private func giveBackFreeSlab(exceptOn shelf: Int) -> Bool {
        let (chunkSize, purpose) = (shelves[shelf].chunkSize, shelves[shelf].purpose)
        for index in slabs.indices.reversed() where index >= pinnedSlabs && slabs[index].memory != nil {
            let slab = slabs[index]
            let isOfAnotherUse = slab.purpose != purpose
            guard slab.chunkSize != chunkSize || isOfAnotherUse, slab.isFree else { continue }
            // A divided pool has room for the share of every purpose: slabs of another purpose take none of it.
            guard !isOfAnotherUse || shares.copied == nil else { continue }
            giveBack(slab: index)
            return true
        }
        return false
    }

    /// Takes a free slab's chunks off their free list and unmaps the slab.
    func giveBack(slab index: Int) {
        shelves[shelfIndex(of: slabs[index].chunkSize, slabs[index].purpose)].remove(chunksOf: slabs[index])
        slabs[index].giveBackMemory()
        mappedSlabs -= 1
    }

    /// Bytes of slabs that are mapped.
    package var mappedBytes: Int { slabs.reduce(0) { $0 + $1.mappedBytes } }

    /// The number of slabs mapped so far, including those unmapped since.
    package var slabCount: Int { slabs.count }

    /// The memory of a slab, by order of mapping; nil while it is unmapped.
    package func slabMemory(at index: Int) -> UnsafeMutableRawBufferPointer? {
        unsafe slabs[index].memory.map { unsafe UnsafeMutableRawBufferPointer(start: $0.base, count: $0.byteCount) }
    }
}
