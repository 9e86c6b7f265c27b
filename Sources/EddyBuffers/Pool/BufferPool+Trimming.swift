extension BufferPool {
    /// Returns slabs to the system that were not needed since the last call. Call it regularly, about every ten
    /// seconds. Half of the idle slabs stay mapped, so that a fluctuating load does not map and unmap all the time.
    ///
    /// Slabs that are registered with the kernel stay: the kernel has pinned them.
    ///
    /// - Returns: the bytes given back.
    /// - Precondition: on the thread that owns the pool.
    @discardableResult
    public func trim() -> Int {
        requireOwner()
        drainRemoteFrees()
        var trimmedBytes = 0
        for list in freeLists.indices {
            let (chunkSize, purpose) = (freeLists[list].chunkSize, freeLists[list].purpose)
            var excess = (freeLists[list].idleCount + 1) / 2
            // The slabs that were mapped last go first.
            for index in slabs.indices.reversed()
            where index >= pinnedSlabs && slabs[index].chunkSize == chunkSize && slabs[index].purpose == purpose {
                guard excess >= slabs[index].chunkCount || excess * 2 >= freeLists[list].count else { break }
                guard slabs[index].memory != nil, slabs[index].isFree else { continue }
                trimmedBytes += slabs[index].mappedBytes
                unmapSlab(at: index)
                excess -= slabs[index].chunkCount
                guard excess > 0 else { break }
            }
            freeLists[list].sort(slabs: slabs)
            freeLists[list].startPeriod()
        }
        return trimmedBytes
    }

    /// Whether the receive chunks of a size that are in use lie in more than twice the slabs that they would fill: each
    /// of them keeps its slab mapped.
    package func isScattered(chunkSize: Int) -> Bool {
        var (occupied, chunks, chunksPerSlab) = (0, 0, 1)
        for slab in slabs where slab.chunkSize == chunkSize && slab.purpose == .receiving && slab.memory != nil {
            if !slab.isFree { occupied += 1 }
            chunks += slab.chunkCount
            chunksPerSlab = slab.chunkCount
        }
        let used = chunks - freeLists[freeListIndex(of: chunkSize, .receiving)].count
        return occupied > 2 * ((used + chunksPerSlab - 1) / chunksPerSlab)
    }

    /// Makes receives use chunks of the slabs that were mapped first.
    package func preferOldSlabs(chunkSize: Int) {
        freeLists[freeListIndex(of: chunkSize, .receiving)].sort(slabs: slabs)
    }

    /// Whether there is a slab that ``trim()`` may unmap.
    package var mayShrink: Bool { mappedSlabs > max(1, pinnedSlabs) }

    /// Records that the kernel has pinned the first `count` slabs: they are never unmapped.
    package func pinSlabs(_ count: Int) {
        pinnedSlabs = count
    }
}
