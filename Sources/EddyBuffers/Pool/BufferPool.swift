internal import Synchronization

/// The memory of one thread: slabs cut into chunks, chunks carved into slices.
///
/// A pool belongs to the thread that made it. Its buffers may be split, shared and dropped on any thread; creating
/// buffers, statistics and trimming happen on the owner's, and trap elsewhere. An event loop has a pool, which the kernel
/// knows and receives into; any other thread gets one when it first creates a buffer (``current``).
///
/// The pool outlives its buffers: when it is closed while some are still held, its memory stays mapped until the
/// last of them is dropped.
@safe
public final class BufferPool {
    /// What the pool was made with.
    public let configuration: Configuration
    /// How much of it each use may take.
    package let shares: PoolShares

    /// Frees memory that was taken over.
    @safe
    struct Deallocator {
        let free: @Sendable (UnsafeMutableRawBufferPointer) -> Void
    }

    let owner = ThreadOwner()
    let inbox: UnsafeMutablePointer<ReturnInbox>
    let carver: UnsafeMutablePointer<Carver>
    /// Carves chunks for what is kept for long, so that it does not lie among what comes and goes.
    let packer: UnsafeMutablePointer<Carver>

    /// Free chunks, by chunk size. Two or three entries, so that a search is a glance.
    var shelves: [ChunkShelf] = []
    var slabs: [Slab] = []
    /// Chunks that the kernel may be writing to. Each holds one reference that is no slice.
    var chunksLent = 0
    var lentBytes = 0
    var dedicated = DedicatedChunks()
    /// How to free memory that was taken over, by the address of its chunk's state.
    var deallocators: [UInt: Deallocator] = [:]
    /// States of dedicated memory that was freed, to be used again.
    var unusedStates: UnsafeMutablePointer<ChunkState>?
    /// Set before other threads may settle the books.
    var isClosed = false
    /// What a thread that settles the books does once it has let go of the lock.
    var deallocationsAfterUnlocking: [() -> Void] = []
    /// Slabs whose memory is not given back.
    var mappedSlabs = 0
    /// The first slabs, which the kernel has pinned.
    var pinnedSlabs = 0
    /// References that other threads have returned.
    var remoteReturns: UInt64 = 0
    /// Times that memory was wanted and the limit forbade it.
    var refusals: UInt64 = 0
    /// Buffers that got memory of their own because of the limit.
    var overflows: UInt64 = 0
    /// Chunks that are on no shelf, and the most that ever were.
    var chunksUsed = 0
    var chunksUsedPeak = 0
    /// Bytes of receive chunks that are on no shelf.
    var receivingBytes = 0
    /// Bytes of copies in connections' queues, and in handlers' hands; see ``copyOut(_:)``.
    package internal(set) var copiedBytes = 0
    package internal(set) var keptBytes = 0
    /// The most bytes of both since ``trimCopies()`` gave something back.
    var copiedBytesPeak = 0
    var mappedBytesPeak = 0
    /// Nil when nobody looks for leaks.
    let leakTracker: LeakTracker?

    private let wake: @Sendable () -> Void
    private let closing = Mutex(false)

    /// Makes a pool for the calling thread, which becomes its owner. Maps nothing yet.
    ///
    /// `wake` is called on any thread when a reference comes home while the owner waits for memory.
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
        unsafe inbox = .allocate(capacity: 1)
        unsafe inbox.initialize(to: ReturnInbox())
        unsafe carver = .allocate(capacity: 1)
        unsafe packer = .allocate(capacity: 1)
        leakTracker = LeakTracker(configuration.leakDetection)
        let inspects = configuration.poisonsMemory || configuration.zeroesRecycledMemory
        unsafe carver.initialize(to: Carver(pool: self, reusesChunk: !inspects))
        unsafe packer.initialize(to: Carver(pool: self, reusesChunk: !inspects))
    }

    deinit {
        // Reached only when nothing refers to the memory: see `close`.
        for index in slabs.indices { slabs[index].end() }
        freeUnusedStates()
        unsafe inbox.deinitialize(count: 1)
        unsafe inbox.deallocate()
        unsafe carver.deinitialize(count: 1)
        unsafe carver.deallocate()
        unsafe packer.deinitialize(count: 1)
        unsafe packer.deallocate()
    }

    /// Gives the pool up. Call it on the owner's thread, once, before that thread ends.
    ///
    /// Memory that is still held stays mapped until its last buffer is dropped, on whatever thread that is.
    ///
    /// - Returns: the slices that were still out.
    @discardableResult
    package func close() -> Int {
        requireOwner()
        unsafe carver.pointee.retire()
        unsafe packer.pointee.retire()
        collectReturns()
        reportLeaks()
        let slicesOut = collectStatistics().slicesOut
        // Another thread may have the identity of this one soon.
        owner.giveUp()
        // Not `slicesOut`: what was returned but not collected yet is still to be freed.
        guard !isUnused else { return 0 }
        isClosed = true
        // From here on nobody owns the chunks: every return takes the way of the other threads, and the one that
        // settles the books lets go of this extra reference to the pool.
        _ = unsafe Unmanaged.passRetained(self)
        forEachChunk { chunk in unsafe chunk.state.pointee.owner.store(0, ordering: .sequentiallyConsistent) }
        unsafe inbox.pointee.announceClosed()
        settleAfterClosing()
        return slicesOut
    }

    /// Counts what has come back since the pool was closed; frees the pool with the last reference.
    func settleAfterClosing() {
        var deallocations: [() -> Void] = []
        let settled = closing.withLock { settled in
            guard !settled else { return false }
            unsafe ReturnInbox.drain(inbox, into: self)
            swap(&deallocations, &deallocationsAfterUnlocking)
            settled = isUnused
            return settled
        }
        for deallocate in deallocations { deallocate() }
        if settled { unsafe Unmanaged.passUnretained(self).release() }
    }

    /// Whether every reference has come home and has been subtracted.
    private var isUnused: Bool { chunksUsed == 0 && dedicated.count == 0 }

    func wakeOwner() { wake() }

    /// Traps on every thread but the owner's, also in release builds: the compiler lets a pool be sent to another task.
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

    /// Takes in what other threads have returned. Owner thread only; costs one load when there is nothing.
    package func collectReturns() {
        unsafe ReturnInbox.drain(inbox, into: self)
    }

    /// Asks to be woken by the next return from another thread, then takes in those that came before.
    package func startWaitingForReturns() {
        unsafe inbox.pointee.announceWaiting()
        collectReturns()
    }

    /// Returns need wake nobody any more. Costs one load when they did not before.
    package func stopWaitingForReturns() {
        unsafe inbox.pointee.announceServed()
    }
}
