internal import Glibc

extension BufferPool {
    /// Memory for a single buffer, from `malloc`; freed when the buffer is dropped. Traps when the system has no
    /// memory, as any allocation in Swift does.
    ///
    /// - Parameter watched: whether leak detection tracks it; nil: as the pool's configuration says.
    func allocateDedicated(_ byteCount: Int, watched: Bool? = nil) -> Slice {
        require(
            byteCount >= 0 && byteCount <= Int(Int32.max),
            "a buffer's size must lie between 0 and 2,147,483,647 bytes"
        )
        guard byteCount > 0 else { return .empty }
        let base = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 16)
        return unsafe adopt(base, byteCount: byteCount, origin: .dedicated, watched: watched)
    }

    /// Takes over memory from elsewhere, which `deallocator` frees.
    func adopt(_ base: UnsafeMutableRawPointer, byteCount: Int, deallocator: Deallocator) -> Slice {
        let slice = unsafe adopt(base, byteCount: byteCount, origin: .adopted)
        if let chunk = slice.chunk { unsafe deallocators[UInt(bitPattern: chunk.state)] = deallocator }
        return slice
    }

    /// Takes over memory for a single buffer: from malloc, unless it is adopted.
    func adopt(
        _ base: UnsafeMutableRawPointer,
        byteCount: Int,
        origin: ChunkState.Origin,
        watched: Bool? = nil
    ) -> Slice {
        require(byteCount <= Int(Int32.max), "a buffer holds at most 2,147,483,647 bytes")
        // Free what other threads have dropped first: this may be the only code that ever drains the remote free list.
        drainRemoteFrees()
        let chunk = unsafe dedicatedChunk(base, byteCount: byteCount, origin: origin)
        chunk.retainOnOwnerThread(byteCount: UInt32(byteCount))
        dedicated.add(chunk)
        if let leakTracker, watched ?? leakTracker.samplesNextAllocation() { leakTracker.note(chunk) }
        return unsafe Slice(chunk: chunk, start: base, count: 0, capacity: UInt32(byteCount))
    }

    /// A state for the memory; reuses an old one if there is any.
    func dedicatedChunk(
        _ base: UnsafeMutableRawPointer,
        byteCount: Int,
        origin: ChunkState.Origin
    ) -> Chunk {
        if let state = unsafe unusedStates {
            unsafe unusedStates = state.pointee.next
            unsafe state.pointee.base = base
            unsafe state.pointee.capacity = UInt32(byteCount)
            unsafe state.pointee.origin = origin
            return unsafe Chunk(state: state)
        }
        let state = UnsafeMutablePointer<ChunkState>.allocate(capacity: 1)
        unsafe state.initialize(
            to: ChunkState(
                base: base,
                capacity: UInt32(byteCount),
                owner: .current,
                pool: Unmanaged.passUnretained(self),
                origin: origin
            )
        )
        return unsafe Chunk(state: state)
    }

    func freeDedicated(_ chunk: Chunk) {
        dedicated.remove(chunk)
        leakTracker?.forget(chunk)
        if configuration.zeroesRecycledMemory { unsafe memset(chunk.base, 0, chunk.capacity) }
        let origin = unsafe chunk.state.pointee.origin
        if case .copied = origin { copiedBytes -= Self.footprint(ofCopy: chunk.capacity) }
        if case .kept = origin { keptBytes -= Self.footprint(ofCopy: chunk.capacity) }
        if case .adopted = origin {
            let deallocator = unsafe deallocators.removeValue(forKey: UInt(bitPattern: chunk.state))
            let memory = unsafe UnsafeMutableRawBufferPointer(start: chunk.base, count: chunk.capacity)
            if let deallocator {
                // After closing, this runs with the pool's lock held, which the deallocator may need.
                if isClosed {
                    deallocationsAfterUnlocking.append { unsafe deallocator.free(memory) }
                } else {
                    unsafe deallocator.free(memory)
                }
            }
        } else {
            unsafe chunk.base.deallocate()
        }
        keepUnusedState(chunk)
    }

    /// A state is reused, never freed before the pool: a thread that has just returned a slice may still read it, and
    /// the remote free list may still contain it.
    private func keepUnusedState(_ chunk: Chunk) {
        unsafe chunk.state.pointee.held = 0
        unsafe chunk.state.pointee.generation &+= 1
        unsafe chunk.state.pointee.previous = nil
        unsafe chunk.state.pointee.next = unusedStates
        unsafe unusedStates = chunk.state
    }

    func freeUnusedStates() {
        while let state = unsafe unusedStates {
            unsafe unusedStates = state.pointee.next
            unsafe state.deinitialize(count: 1)
            unsafe state.deallocate()
        }
    }
}
