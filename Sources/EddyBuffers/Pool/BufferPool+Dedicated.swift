internal import Glibc

/// The chunks that were allocated for one buffer alone: a list, so that a pool that is closed reaches those that are
/// still held. Owner thread only.
@safe
struct DedicatedChunks {
    private var first: UnsafeMutablePointer<ChunkState>?
    private(set) var count = 0
    private(set) var byteCount = 0

    /// The bytes, and those of the chunks' states.
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

extension BufferPool {
    /// Memory for one buffer alone, from `malloc`; freed when the buffer is dropped. Traps, as any allocation in Swift,
    /// when the system has no memory.
    func allocateDedicated(_ byteCount: Int) -> Slice {
        precondition(
            byteCount >= 0 && byteCount <= Int(Int32.max),
            "a buffer's size must lie between 0 and 2,147,483,647 bytes"
        )
        guard byteCount > 0 else { return .empty }
        let base = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 16)
        return unsafe adopt(base, byteCount: byteCount, deallocator: nil)
    }

    /// Takes over memory for one buffer alone; nil as `deallocator` means that it is from `allocate`.
    func adopt(
        _ base: UnsafeMutableRawPointer,
        byteCount: Int,
        deallocator: Deallocator?
    ) -> Slice {
        precondition(byteCount <= Int(Int32.max), "a buffer holds at most 2,147,483,647 bytes")
        let state = UnsafeMutablePointer<ChunkState>.allocate(capacity: 1)
        unsafe state.initialize(
            to: ChunkState(
                base: base,
                capacity: UInt32(byteCount),
                owner: owner,
                pool: Unmanaged.passUnretained(self),
                origin: deallocator == nil ? .dedicated : .adopted
            )
        )
        let chunk = unsafe Chunk(state: state)
        if let deallocator { deallocators[UInt(bitPattern: state)] = deallocator }
        chunk.retainOnOwnerThread(byteCount: UInt32(byteCount))
        dedicated.add(chunk)
        return unsafe Slice(chunk: chunk, start: base, count: 0, capacity: UInt32(byteCount))
    }

    func freeDedicated(_ chunk: Chunk) {
        dedicated.remove(chunk)
        leakTracker?.forget(chunk)
        if configuration.zeroesRecycledMemory { unsafe memset(chunk.base, 0, chunk.capacity) }
        if unsafe chunk.state.pointee.origin == .adopted {
            let deallocator = unsafe deallocators.removeValue(forKey: UInt(bitPattern: chunk.state))
            unsafe deallocator?.free(UnsafeMutableRawBufferPointer(start: chunk.base, count: chunk.capacity))
        } else {
            unsafe chunk.base.deallocate()
        }
        unsafe chunk.state.deinitialize(count: 1)
        unsafe chunk.state.deallocate()
    }
}
