internal import Glibc

extension BufferPool {
    /// Allocates a chunk for the kernel to receive into. The kernel holds one reference until ``reclaim(_:)``. Nil if
    /// receives have used up their share.
    ///
    /// Its size is the configuration's ``Configuration/receiveChunkSize`` unless another is given.
    package func allocateReceiveChunk(size: Int? = nil) -> Chunk? {
        let size = size ?? configuration.receiveChunkSize
        guard let chunk = acquireChunk(size: size, purpose: .receiving) else { return nil }
        chunk.startFilling()
        chunksFilling += 1
        fillingBytes += chunk.capacity
        leakTracker?.noteFilling(chunk)
        return chunk
    }

    /// Drops the kernel's reference to a chunk. The chunk is recycled once its slices are dropped.
    package func reclaim(_ chunk: Chunk) {
        chunksFilling -= 1
        fillingBytes -= chunk.capacity
        chunk.stopFilling()
    }

    /// A free chunk with one reference, from the free list of its size and purpose or from a new slab; nil if that
    /// purpose has used up its share.
    func acquireChunk(size: Int, purpose: Slab.Purpose) -> Chunk? {
        let list = freeListIndex(of: size, purpose)
        if freeLists[list].count == 0 {
            drainRemoteFrees()
            if freeLists[list].count == 0 { growFreeList(list) }
        }
        guard let chunk = freeLists[list].pop() else {
            refusals += 1
            return nil
        }
        if configuration.poisonsMemory { unsafe memset(chunk.base, Int32(Poison.allocated), chunk.capacity) }
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
        freeLists[freeListIndex(of: chunk.capacity, purpose)].push(chunk)
    }

    func freeListIndex(of chunkSize: Int, _ purpose: Slab.Purpose) -> Int {
        for index in freeLists.indices
        where freeLists[index].chunkSize == chunkSize && freeLists[index].purpose == purpose {
            return index
        }
        freeLists.append(ChunkFreeList(chunkSize: chunkSize, purpose: purpose))
        return freeLists.count - 1
    }

    /// Maps one more slab, within the limit, and puts its chunks on the free list, lowest address on top.
    private func growFreeList(_ list: Int) {
        let (chunkSize, purpose) = (freeLists[list].chunkSize, freeLists[list].purpose)
        let wanted = Slab.byteCount(chunkSize: chunkSize)
        // Completely free slabs of another size make room.
        while !hasRoom(forSlab: wanted, purpose) {
            guard unmapFreeSlab(exceptOn: list) else { return }
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
        for index in (0..<slab.chunkCount).reversed() { freeLists[list].push(slab.chunk(at: index)) }
    }

    /// Whether another slab stays within its purpose's share and the pool's limit.
    private func hasRoom(forSlab byteCount: Int, _ purpose: Slab.Purpose) -> Bool {
        let share = purpose == .receiving ? shares.received : shares.allocated
        let mapped = slabs.reduce(0) { $0 + ($1.purpose == purpose ? $1.mappedBytes : 0) }
        return byteCount <= share - mapped && byteCount <= configuration.maximumBytes - mappedBytes
    }

    /// Unmaps a slab whose chunks are all free and on a free list other than `list`; false when no slab qualifies.
    private func unmapFreeSlab(exceptOn list: Int) -> Bool {
        let (chunkSize, purpose) = (freeLists[list].chunkSize, freeLists[list].purpose)
        for index in slabs.indices.reversed() where index >= pinnedSlabs && slabs[index].memory != nil {
            let slab = slabs[index]
            let isOfAnotherUse = slab.purpose != purpose
            guard slab.chunkSize != chunkSize || isOfAnotherUse, slab.isFree else { continue }
            // A divided pool has room for the share of every purpose: slabs of another purpose take none of it.
            guard !isOfAnotherUse || shares.copied == nil else { continue }
            unmapSlab(at: index)
            return true
        }
        return false
    }

    /// Takes a free slab's chunks off their free list and unmaps the slab.
    func unmapSlab(at index: Int) {
        freeLists[freeListIndex(of: slabs[index].chunkSize, slabs[index].purpose)].remove(chunksOf: slabs[index])
        slabs[index].unmapMemory()
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
