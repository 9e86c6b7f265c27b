internal import Synchronization

/// The memory of one thread: slabs cut into chunks, chunks divided into slices.
///
/// A pool belongs to the thread that made it. Its buffers may be split, shared and dropped on any thread. Creating
/// buffers, statistics and trimming are for the owner thread, and trap elsewhere. An event loop has a pool that is
/// registered with the kernel and that it receives into; any other thread gets one when it first creates a buffer
/// (``current``).
///
/// The pool's memory outlives the pool: if buffers are still held when it is closed, their memory stays mapped until
/// the last of them is dropped.
@safe
public final class BufferPool {
    /// The configuration that the pool was made with.
    public let configuration: Configuration
    /// The most memory that each use may take.
    package let shares: PoolShares

    /// Frees adopted memory.
    @safe
    struct Deallocator {
        let free: @Sendable (UnsafeMutableRawBufferPointer) -> Void
    }

    let owner = ThreadOwner()
    let remoteFrees: UnsafeMutablePointer<RemoteFreeList>
    let allocator: UnsafeMutablePointer<BumpAllocator>
    /// Allocates long-lived bytes, to keep them apart from short-lived ones.
    let longLivedAllocator: UnsafeMutablePointer<BumpAllocator>

    /// Free chunks, by chunk size. Two or three entries, so a search is cheap.
    var freeLists: [ChunkFreeList] = []
    var slabs: [Slab] = []
    /// Chunks that the kernel may be writing to. Each holds one reference that is not a slice's.
    var chunksFilling = 0
    var fillingBytes = 0
    var dedicated = DedicatedChunks()
    /// How to free adopted memory, by the address of its chunk's state.
    var deallocators: [UInt: Deallocator] = [:]
    /// States of freed dedicated memory, for reuse.
    var unusedStates: UnsafeMutablePointer<ChunkState>?
    /// Set before other threads may drain the remote free list.
    var isClosed = false
    /// Work that a thread does after it has drained a closed pool and released the lock.
    var deallocationsAfterUnlocking: [() -> Void] = []
    /// Slabs whose memory is mapped.
    var mappedSlabs = 0
    /// The first slabs, which the kernel has pinned.
    var pinnedSlabs = 0
    /// References that other threads have returned.
    var remoteReturns: UInt64 = 0
    /// How often memory was needed and the limit prevented it.
    var refusals: UInt64 = 0
    /// Buffers that got memory of their own because of the limit.
    var overflows: UInt64 = 0
    /// Chunks that are on no free list.
    var chunksUsed = 0
    var chunksUsedPeak = 0
    /// Bytes of receive chunks that are on no free list.
    var receivingBytes = 0
    /// Bytes of copies in connections' queues, and of copies that handlers keep; see ``copyOut(_:)``.
    package internal(set) var copiedBytes = 0
    package internal(set) var keptBytes = 0
    /// The highest sum of both since ``trimCopies()`` last returned memory.
    var copiedBytesPeak = 0
    var mappedBytesPeak = 0
    /// Nil if leak detection is off.
    let leakTracker: LeakTracker?

    private let wake: @Sendable () -> Void
    private let closing = Mutex(false)

    /// Makes a pool for the calling thread, which becomes its owner. Maps nothing yet.
    ///
    /// `wake` is called on any thread when a reference is returned while the owner waits for memory.
    ///
    /// - Parameter shares: the division among the pool's uses; nil: undivided.
    package init(
        configuration: Configuration = Configuration(),
        shares: PoolShares? = nil,
        wake: @escaping @Sendable () -> Void = {}
    ) {
        self.configuration = configuration
        self.shares = shares ?? PoolShares(undivided: configuration.maximumBytes)
        self.wake = wake
        unsafe remoteFrees = .allocate(capacity: 1)
        unsafe remoteFrees.initialize(to: RemoteFreeList())
        unsafe allocator = .allocate(capacity: 1)
        unsafe longLivedAllocator = .allocate(capacity: 1)
        leakTracker = LeakTracker(configuration.leakDetection)
        let inspects = configuration.poisonsMemory || configuration.zeroesRecycledMemory
        unsafe allocator.initialize(to: BumpAllocator(pool: self, reusesChunk: !inspects))
        unsafe longLivedAllocator.initialize(to: BumpAllocator(pool: self, reusesChunk: !inspects))
    }

    deinit {
        // Reached only when nothing refers to the memory: see `close`.
        for index in slabs.indices { slabs[index].end() }
        freeUnusedStates()
        unsafe remoteFrees.deinitialize(count: 1)
        unsafe remoteFrees.deallocate()
        unsafe allocator.deinitialize(count: 1)
        unsafe allocator.deallocate()
        unsafe longLivedAllocator.deinitialize(count: 1)
        unsafe longLivedAllocator.deallocate()
    }

    /// Closes the pool. Call it once, on the owner's thread, before that thread ends.
    ///
    /// Memory that is still held stays mapped until its last buffer is dropped, on any thread.
    ///
    /// - Returns: the slices that were still out.
    @discardableResult
    package func close() -> Int {
        requireOwner()
        unsafe allocator.pointee.retire()
        unsafe longLivedAllocator.pointee.retire()
        drainRemoteFrees()
        reportLeaks()
        let slicesOut = collectStatistics().slicesOut
        // A new thread may soon have the same identity as this one.
        owner.giveUp()
        // Not `slicesOut`: slices that were released but not drained yet are still to be freed.
        guard !isUnused else { return 0 }
        isClosed = true
        // From here on the chunks have no owner: every release takes the path of other threads, and the thread that
        // drains the remote free list last releases this extra reference to the pool.
        _ = unsafe Unmanaged.passRetained(self)
        forEachChunk { chunk in unsafe chunk.state.pointee.owner.store(0, ordering: .sequentiallyConsistent) }
        unsafe remoteFrees.pointee.markClosed()
        drainAfterClose()
        return slicesOut
    }

    /// Drains the remote free list after the pool was closed; the last reference frees the pool.
    func drainAfterClose() {
        var deallocations: [() -> Void] = []
        let isDrained = closing.withLock { isDrained in
            guard !isDrained else { return false }
            unsafe RemoteFreeList.drain(remoteFrees, into: self)
            swap(&deallocations, &deallocationsAfterUnlocking)
            isDrained = isUnused
            return isDrained
        }
        for deallocate in deallocations { deallocate() }
        if isDrained { unsafe Unmanaged.passUnretained(self).release() }
    }

    /// Whether every reference has been returned and subtracted.
    private var isUnused: Bool { chunksUsed == 0 && dedicated.count == 0 }

    func wakeOwner() { wake() }

    /// Traps on every thread but the owner's, in release builds too: the compiler lets a pool be sent to another task.
    func requireOwner() {
        require(
            owner.isCurrentThread,
            "a pool is used on the thread that owns it, until that thread ends; ask for BufferPool.current on each thread"
        )
    }

    /// Calls `body` with every chunk, those of dedicated memory last.
    func forEachChunk(_ body: (Chunk) -> Void) {
        for slab in slabs {
            for index in 0..<slab.chunkCount { body(slab.chunk(at: index)) }
        }
        dedicated.forEach(body)
    }

    // MARK: Returns from other threads

    /// Drains the remote free list. Owner thread only; costs one load if it is empty.
    package func drainRemoteFrees() {
        unsafe RemoteFreeList.drain(remoteFrees, into: self)
    }

    /// Asks to be woken by the next release on another thread, then drains earlier ones.
    package func startWaitingForRemoteFrees() {
        unsafe remoteFrees.pointee.requestWake()
        drainRemoteFrees()
    }

    /// Stops asking to be woken. Costs one load if the pool did not wait.
    package func stopWaitingForRemoteFrees() {
        unsafe remoteFrees.pointee.cancelWake()
    }
}
