internal import EddyBuffers
internal import EddyRing

// What a loop's connections live on, below tasks:
//
//     Connection   tasks wait here (``Waiter``), and read and write
//          │
//     ConnectionDriver   performs what the states call for: submits, resumes, schedules, closes
//          │
//     ConnectionState    what is known of one connection, and its transitions
//          │
//     Ring, BufferPool, TimerWheel

/// What the driver tells the loop that it belongs to.
protocol ConnectionDriverDelegate: AnyObject {
    /// A connection that a listener has accepted is closed.
    func connectionClosed(of listener: ListenerID)
    /// A connection has broken that is being made, or on which another one's making depends.
    func connectionFailed(_ failure: Int32, of connector: ConnectorID)
}

/// The connections of a loop, and what performs their transitions. Loop thread only.
final class ConnectionDriver: @unchecked Sendable {
    let configuration: EventLoop.Configuration
    let features: RingFeatures
    let ring: Ring
    let pool: BufferPool
    /// What receives fill.
    let receiveRing: ReceiveRing
    /// Large chunks for connections that fill small ones, where the kernel does not fill chunks incrementally.
    let bulkRing: ReceiveRing?
    /// Read by the stall detector; nil without a watchdog.
    let heartbeat: Heartbeat?
    /// The loop, which owns the driver.
    unowned(unsafe) var delegate: (any ConnectionDriverDelegate)?

    let connections = ConnectionTable()
    let slices: SliceStore
    let messages = MessageArena()
    let timers = TimerWheel()
    /// The deadlines of the connections that have any.
    let deadlines = SlotTable<ConnectionDeadlines>()
    /// The time of this iteration (nanoseconds of CLOCK_MONOTONIC); up to date while there are timers.
    let time = LoopLocal<UInt64>(0)
    /// Connections that have something to send and no send in flight.
    let sendQueue = LoopQueue<ConnectionID>()
    /// Connections whose send ends within the next `enter`.
    let inlineSends = LoopQueue<ConnectionID>()
    /// Connections whose owners have released them in this iteration.
    let closeQueue = LoopQueue<ConnectionID>()
    /// Connections whose receives found no buffer, in the order in which they did.
    let bufferQueue = LoopQueue<ConnectionID>()
    /// Connections whose readers wait for messages that are larger than what they may hold now, in that order.
    let messageQueue = LoopQueue<ConnectionID>()
    /// Connections whose readers' turns are over, until others have had theirs.
    let turnQueue = LoopQueue<ConnectionID>()
    /// Connections that have more to receive while memory is tight: a few of them do so in each iteration.
    let receiveQueue = LoopQueue<ConnectionID>()
    /// What the job that is running may still read.
    let turn = LoopLocal(Turn())
    /// How much of its memory each connection may hold.
    let memory: LoopLocal<MemoryBudget>
    /// Bytes that receives in flight were promised while memory is tight.
    let promisedBytes = LoopLocal(0)
    /// The connection whose task polls the ring while it waits to read; nil: none.
    let pollingReader = LoopLocal<ConnectionID?>(nil)
    /// Runs while receives wait for memory.
    let starvationTimer = LoopLocal<TimerID?>(nil)
    /// The timer of connections from which nothing is being received, while it runs; see ``watchUnread()``.
    let unreadTimer = LoopLocal<TimerID?>(nil)
    /// How far the connections that held memory were when it fired last.
    let progressMarks = LoopLocal([ConnectionID: ProgressMark]())
    let zeroCopySends = SlotTable<ZeroCopySend>()
    /// The transforms of the connections that have any.
    let transforms = LoopLocal([ConnectionID: any ConnectionTransform]())
    /// Queued bytes from which on a zero-copy send is considered.
    let zeroCopyFloor: UInt32
    private let counterStorage = LoopLocal(EventLoop.Statistics())
    private let fixedBufferStorage: LoopLocal<FixedBuffers>
    private let fileReadStorage = LoopLocal(FileReads())

    /// What the loop counts itself; the rest is asked of the ring and the pool.
    var counters: EventLoop.Statistics {
        @inline(__always) _read { yield counterStorage.value }
        @inline(__always) _modify { yield &counterStorage.value }
    }
    var fileReads: FileReads {
        _read { yield fileReadStorage.value }
        _modify { yield &fileReadStorage.value }
    }

    init(
        configuration: EventLoop.Configuration,
        features: RingFeatures,
        ring: Ring,
        pool: BufferPool,
        heartbeat: Heartbeat?
    ) throws(RingError) {
        (self.configuration, self.features, self.ring, self.pool) = (configuration, features, ring, pool)
        self.heartbeat = heartbeat
        let mayZeroCopy = features.zeroCopySends && configuration.zeroCopy != .never
        zeroCopyFloor = mayZeroCopy ? UInt32(configuration.zeroCopyThreshold) : .max
        slices = SliceStore(pool: pool)
        memory = LoopLocal(MemoryBudget(maximumBytes: pool.configuration.maximumBytes))
        receiveRing = try ReceiveRing(
            ring: ring,
            pool: pool,
            incremental: features.incrementalBuffers,
            target: features.incrementalBuffers ? 8 : 64
        )
        bulkRing =
            features.incrementalBuffers
            ? nil
            : try ReceiveRing(ring: ring, pool: pool, incremental: false, group: 1, target: 4, chunkSize: Self.bulkSize)
        // A server that cannot receive would only look as if it had started.
        guard receiveRing.hasChunks else { throw RingError.withoutPool }
        fixedBufferStorage = LoopLocal(FixedBuffers(ring: ring, isEnabled: features.fixedBuffers))
        fixedBufferStorage.value.register(slabsOf: pool)
    }

    /// Bytes of a chunk for bulk transfers: a relay of large messages takes 2.5 times less processor time with it than
    /// with 16 KiB.
    static let bulkSize = 256 << 10

    /// The registered buffer that the slice lies in, if it does.
    func fixedBufferIndex(of slice: Slice) -> UInt16? { fixedBufferStorage.value.index(of: slice, in: pool) }

    /// Bytes of the pool that are registered with the kernel.
    var registeredBytes: Int { fixedBufferStorage.value.registeredBytes }

    func submit(_ entry: SubmissionEntry) {
        do {
            try ring.submit(entry)
        } catch {
            endProcess(brokenRing: error)
        }
    }

    // MARK: Time

    /// Nanoseconds of CLOCK_MONOTONIC, or of a simulation's clock.
    var now: UInt64 { ring.now }

    /// Brings the loop's time up to now.
    ///
    /// The loop looks at the clock once an iteration, and only while it has a timer; what happens in the iteration
    /// happens at that time.
    @discardableResult
    func updateTime() -> UInt64 {
        time.value = now
        return time.value
    }

    // MARK: Memory

    /// Gives the kernel free chunks, then lets connections receive that waited for them, in order.
    ///
    /// The last thing before `enter`: whatever has given memory back, a send, a job or another thread, has done so
    /// before, or wakes the loop.
    ///
    /// - Returns: whether receives find memory.
    func supplyMemory() -> Bool {
        pool.drainRemoteFrees()
        if memory.value.update(queuedBytes: slices.footprint) { memoryBecameTight() }
        if !refill() {
            // Every chunk is held. Memory that another thread returns must wake the loop.
            pool.startWaitingForRemoteFrees()
            guard refill() else {
                // A loop with receives that await their turn does not sleep, and these could not begin.
                parkReceiveTurns()
                watchStarvation()
                return false
            }
        }
        pool.stopWaitingForRemoteFrees()
        while let id = bufferQueue.popFirst() {
            connections[id].receiving.unpark(.forBuffers)
            receiveAgain(id)
        }
        admitMessages()
        beginReceiveTurns()
        fixedBufferStorage.value.register(slabsOf: pool)
        return true
    }

    /// Whether receives find a chunk. Without large chunks they go on with small ones.
    private func refill() -> Bool {
        let hasChunks = receiveRing.refill(queuedBytes: slices.footprint)
        bulkRing?.refill(queuedBytes: slices.footprint)
        return hasChunks
    }

    /// Whether ``trimMemory()`` may give something back.
    var mayTrimMemory: Bool { pool.mayShrink || slices.mayShrink || pool.mayTrimCopies }

    /// Gives idle memory back.
    func trimMemory() {
        if !ring.hasCompletions { receiveRing.shrink() }
        if !ring.hasCompletions { bulkRing?.shrink() }
        slices.shrink { relink in
            connections.forEachConnection { id in
                relink(&connections[id].receiving.queue)
                relink(&connections[id].sending.queue)
            }
            zeroCopySends.forEachHeld(relink)
        }
        pool.trim()
        pool.trimCopies()
    }

    /// Whether the kernel may still read or write memory of the pool.
    var holdsPoolMemory: Bool { connections.count > 0 || zeroCopySends.count > 0 || !fileReads.isEmpty }

    /// Takes the receive rings away from the kernel, once it holds no memory of the pool.
    func closeReceiveRings() {
        receiveRing.close()
        bulkRing?.close()
    }

    // MARK: Files

    /// A read of a file has ended.
    func fileRead(_ completion: CompletionEntry) {
        fileReads.complete(FileReadID(completion.token), result: completion.result)?.resume()
    }
}
