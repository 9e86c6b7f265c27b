internal import EddyBuffers
internal import EddyRing
internal import EddySystem

// The layers under a loop's connections, below tasks:
//
//     Connection   tasks wait here (``Waiter``), and read and write; or an object does (``ConnectionCallback``)
//          │
//     ConnectionDriver   performs the effects of the states: submits, resumes, schedules, closes
//          │
//     ConnectionState    the state of one connection, and its transitions
//          │
//     Ring, BufferPool, TimerWheel

/// Events that the driver reports to its loop.
protocol ConnectionDriverDelegate: AnyObject {
    /// A connection that the listener accepted has closed.
    func connectionClosed(of listener: ListenerID)
    /// A connection failed that the connector is making, or on which it depends.
    func connectionFailed(_ failure: Int32, of connector: ConnectorID)
}

/// The connections of a loop, and the driver of their transitions. Loop thread only.
final class ConnectionDriver: @unchecked Sendable {
    let configuration: EventLoop.Configuration
    let features: RingFeatures
    let ring: Ring
    let pool: BufferPool
    /// The chunks that receives fill.
    let receiveRing: ReceiveRing
    /// Large chunks for connections that fill small ones, if the kernel does not fill chunks incrementally.
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
    /// The time of this iteration; up to date while there are timers.
    let time = LoopLocal(Instant.distantPast)
    /// Connections that have something to send and no send in flight.
    let sendQueue = LoopQueue<ConnectionID>()
    /// Connections whose send ends within the next `enter`.
    let inlineSends = LoopQueue<ConnectionID>()
    /// Connections that their owners have released in this iteration.
    let closeQueue = LoopQueue<ConnectionID>()
    /// Connections whose receives found no buffer, in order of arrival.
    let bufferQueue = LoopQueue<ConnectionID>()
    /// Connections whose readers wait for messages larger than the connections may hold now, in order of arrival.
    let messageQueue = LoopQueue<ConnectionID>()
    /// Connections whose readers have used up their turns and wait until others have had theirs.
    let turnQueue = LoopQueue<ConnectionID>()
    /// Connections that are used by objects, which must be called.
    let readyQueue = LoopQueue<ConnectionID>()
    /// Connections that have more to receive while memory is tight: a few of them receive in each iteration.
    let receiveQueue = LoopQueue<ConnectionID>()
    /// How much the running job may still read.
    let turn = LoopLocal(Turn())
    /// How much of its memory each connection may hold.
    let memory: LoopLocal<MemoryBudget>
    /// Bytes promised to receives in flight while memory is tight.
    let promisedBytes = LoopLocal(0)
    /// The connection whose task polls the ring inline while it waits to read; nil: none.
    let pollingReader = LoopLocal<ConnectionID?>(nil)
    /// Runs while receives wait for memory.
    let starvationTimer = LoopLocal<TimerID?>(nil)
    /// The timer that checks connections without a receive in flight, while it runs; see ``watchUnread()``.
    let unreadTimer = LoopLocal<TimerID?>(nil)
    /// The progress, at its last firing, of the connections that held memory.
    let progressMarks = LoopLocal([ConnectionID: ProgressMark]())
    let zeroCopySends = SlotTable<ZeroCopySend>()
    /// The transforms of the connections that have any.
    let transforms = LoopLocal([ConnectionID: any ConnectionTransform]())
    /// Queued bytes at or above which a zero-copy send is considered.
    let zeroCopyFloor: UInt32
    private let counterStorage = LoopLocal(EventLoop.Statistics())
    private let fixedBufferStorage: LoopLocal<FixedBuffers>
    private let fileReadStorage = LoopLocal(FileReads())
    private let callbackStorage = LoopLocal(ObjectTable<any ConnectionCallback>())

    /// The counters that the loop keeps itself; the ring and the pool supply the others.
    var counters: EventLoop.Statistics {
        @inline(__always) _read { yield counterStorage.value }
        @inline(__always) _modify { yield &counterStorage.value }
    }
    var fileReads: FileReads {
        _read { yield fileReadStorage.value }
        _modify { yield &fileReadStorage.value }
    }

    /// Objects that use connections.
    var callbacks: ObjectTable<any ConnectionCallback> {
        _read { yield callbackStorage.value }
        _modify { yield &callbackStorage.value }
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
        // A server that cannot receive would only appear to have started.
        guard receiveRing.hasChunks else { throw RingError.withoutPool }
        fixedBufferStorage = LoopLocal(FixedBuffers(ring: ring, isEnabled: features.fixedBuffers))
        fixedBufferStorage.value.register(slabsOf: pool)
    }

    /// Bytes of a chunk for bulk transfers: a relay of large messages uses 2.5 times less processor time with it than
    /// with 16 KiB.
    static let bulkSize = 256 << 10

    /// The index of the registered buffer that contains the slice; nil if none does.
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

    /// The current time of CLOCK_MONOTONIC, or of a simulation's clock.
    var now: Instant { ring.now }

    /// Updates the loop's time.
    ///
    /// The loop reads the clock once per iteration, and only while it has a timer. All events of an iteration count as
    /// happening at that time.
    @discardableResult
    func updateTime() -> Instant {
        time.value = now
        return time.value
    }

    // MARK: Memory

    /// Gives the kernel free chunks, then lets connections receive that waited for them, in order.
    ///
    /// This is the last step before `enter`: a send, a job or another thread that frees memory has done so before, or
    /// wakes the loop.
    ///
    /// - Returns: whether receives find memory.
    func supplyMemory() -> Bool {
        pool.drainRemoteFrees()
        if memory.value.update(queuedBytes: slices.footprint) { memoryBecameTight() }
        if !refill() {
            // Every chunk is held. Memory that another thread returns must wake the loop.
            pool.startWaitingForRemoteFrees()
            guard refill() else {
                // A loop with receives that await their turn does not sleep, and those receives could not begin.
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

    /// Whether receives find a chunk. Without large chunks they use small ones.
    private func refill() -> Bool {
        let hasChunks = receiveRing.refill(queuedBytes: slices.footprint)
        bulkRing?.refill(queuedBytes: slices.footprint)
        return hasChunks
    }

    /// Whether ``trimMemory()`` may release memory.
    var mayTrimMemory: Bool { pool.mayShrink || slices.mayShrink || pool.mayTrimCopies }

    /// Releases idle memory.
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

    /// Unregisters the receive rings, once the kernel holds no memory of the pool.
    func closeReceiveRings() {
        receiveRing.close()
        bulkRing?.close()
    }

    // MARK: Files

    /// Handles the completion of a file read.
    func fileRead(_ completion: CompletionEntry) {
        fileReads.complete(FileReadID(completion.token), result: completion.result)?.resume()
    }
}
