internal import EddyBuffers
package import EddyRing
internal import EddySystem

// One iteration of a loop:
//
//     ┌─▶ 1. queue a send for each connection that has something to send
//     │   2. give the kernel free chunks; let connections receive that waited for memory
//     │   3. enter: submit everything; wait, if no job is left, for completions, mail, or the next deadline
//     │   4. dispatch completions: slices to connections, results to waiting tasks, which become jobs
//     │   5. settle the sends that ended within `enter`: their slices go back to the pool
//     │   6. fire timers, take in mail
//     └── 7. run jobs: the tasks of connections, until each waits again; close what they have let go of
//
// Everything that a batch of requests is answered with leaves in one system call.

/// A thread, a ring and a pool: what a connection lives on.
///
/// A loop is a `TaskExecutor`: a task that prefers it runs on its thread, and so does a connection's. Everything
/// of the loop happens on that thread; other threads reach it by jobs alone.
public final class EventLoop: TaskExecutor, @unchecked Sendable {
    /// The limits that the loop was made with.
    public let configuration: Configuration

    let ring: Ring
    let pool: BufferPool
    /// What receives fill.
    let receiveRing: ReceiveRing
    /// Large chunks for connections that fill small ones, where the kernel does not fill chunks by and by.
    let bulkRing: ReceiveRing?
    let features: RingFeatures
    let mailbox: Mailbox
    /// What the watchdog sees; nil when there is none.
    let pulse: JobPulse?

    let connections: ConnectionTable
    let slices: SliceStore
    let messages = MessageArena()
    let jobs = LoopQueue<UnownedJob>()
    let timers = TimerWheel()
    /// What the connections have to do with time, for those that have.
    let deadlines = SlotStore<ConnectionDeadlines>()
    /// The time of this iteration (nanoseconds of CLOCK_MONOTONIC); up to date while there are timers.
    let time = LoopLocal<UInt64>(0)
    /// Connections that have something to send and no send in flight.
    let sendQueue = LoopQueue<UInt32>()
    /// Connections whose send ends within the next `enter`.
    let inlineSends = LoopQueue<UInt32>()
    /// Connections whose owners have let go of them in this iteration.
    let closeQueue = LoopQueue<UInt32>()
    /// Connections whose receive found no memory, in the order in which they did.
    let starvedQueue = LoopQueue<UInt32>()
    /// Connections whose readers wait for messages that are larger than what they may hold now, in that order.
    let messageQueue = LoopQueue<UInt32>()
    /// Connections whose readers' turns are over, until others have had theirs.
    let turnQueue = LoopQueue<UInt32>()
    /// Connections that have more to receive while memory is tight: a few of them do so in each iteration.
    let receiveQueue = LoopQueue<UInt32>()
    /// What the job that is running may still read.
    let turn = LoopLocal(Turn())
    /// How much of its memory each connection may hold.
    let memory: LoopLocal<MemoryBudget>
    /// Bytes that receives in flight were promised while memory is tight.
    let promisedBytes = LoopLocal(0)

    private let counterStorage = LoopLocal(Statistics())
    private let listenerStorage = LoopLocal([Listener?]())
    private let connectorStorage = LoopLocal(ConnectorTable())
    private let fixedBufferStorage: LoopLocal<FixedBuffers>
    private let fileReadStorage = LoopLocal(FileReads())
    private let zeroCopyStorage = LoopLocal(ZeroCopySends())
    /// Queued bytes from which on a zero-copy send is considered.
    let zeroCopyFloor: UInt32
    /// What users keep on this loop.
    let locals = LocalStore()
    /// Given up when the loop has ended.
    private let thread = ThreadOwner()
    let stopping = LoopLocal(false)
    /// The connection whose task runs the loop while it waits to read; or none.
    let readerInside = LoopLocal(ConnectionState.noSlot)
    let startTime: UInt64
    /// Runs while receives wait for memory.
    let starvationTimer = LoopLocal(TimerHandle.none)
    /// The timer of connections from which nothing is being received, while it runs; see ``watchUnread()``.
    let unreadTimer = LoopLocal(TimerHandle.none)
    /// How far the connections that held memory were when it fired last.
    let progressMarks = LoopLocal([UInt32: ProgressMark]())
    /// When memory that nobody has needed is given back.
    private let trimmingTimer = IntervalTimer(seconds: 1)
    /// Whether that timer is running.
    private let isTrimming = LoopLocal(false)
    /// Whether the read of the wake descriptor is in flight.
    let isAwaitingMail = LoopLocal(false)

    /// What the loop itself counts; the rest is asked of the ring and the pool (``collectStatistics()``).
    var counters: Statistics {
        @inline(__always) _read { yield counterStorage.value }
        @inline(__always) _modify { yield &counterStorage.value }
    }
    var listeners: [Listener?] {
        _read { yield listenerStorage.value }
        _modify { yield &listenerStorage.value }
    }
    var fileReads: FileReads {
        _read { yield fileReadStorage.value }
        _modify { yield &fileReadStorage.value }
    }
    var zeroCopySends: ZeroCopySends {
        _read { yield zeroCopyStorage.value }
        _modify { yield &zeroCopyStorage.value }
    }

    /// The connections that are being made.
    var connectors: ConnectorTable {
        _read { yield connectorStorage.value }
        _modify { yield &connectorStorage.value }
    }

    /// Makes a loop whose thread is the calling one; `run` it there.
    ///
    /// - Parameter bell: wakes the watchdog that looks at the loop's pulse.
    convenience init(
        configuration: Configuration,
        plan: RingPlan,
        bell: WatchdogBell = WatchdogBell()
    ) throws(RingError) {
        try self.init(configuration: configuration, features: plan.features, ring: plan.makeRing(), bell: bell)
    }

    /// Makes a loop of a ring, whose thread is the calling one; `run` it there.
    package init(
        configuration: Configuration,
        features: RingFeatures,
        ring: Ring,
        bell: WatchdogBell = WatchdogBell()
    ) throws(RingError) {
        configuration.requireValid()
        self.configuration = configuration
        self.features = features
        let mayZeroCopy = features.zeroCopySends && configuration.zeroCopy != .never
        zeroCopyFloor = mayZeroCopy ? UInt32(configuration.zeroCopyThreshold) : .max
        mailbox = try Mailbox()
        pulse = configuration.watchdog == nil ? nil : JobPulse(bell: bell)
        self.ring = ring
        startTime = ring.now
        let mailbox = mailbox
        var poolConfiguration = configuration.pool
        if !features.incrementalBuffers {
            // Each receive uses a whole chunk up, so chunks must be smaller for the same number of them.
            poolConfiguration.receiveChunkSize = min(poolConfiguration.receiveChunkSize, 16 << 10)
        }
        pool = BufferPool(
            configuration: poolConfiguration,
            shares: PoolShares(dividing: poolConfiguration),
            wake: { mailbox.notify() }
        )
        slices = SliceStore(pool: pool)
        memory = LoopLocal(MemoryBudget(maximumBytes: poolConfiguration.maximumBytes))
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
        connections = ConnectionTable(capacity: configuration.maximumConnections)
        fixedBufferStorage.value.register(slabsOf: pool)
    }

    /// Bytes of a chunk for bulk transfers: a relay of large messages takes 2.5 times less processor time with it than
    /// with 16 KiB.
    static let bulkSize = 256 << 10

    /// Whether the calling thread is the loop's. No thread is, once the loop has ended. Any thread.
    public var isCurrent: Bool { thread.isCurrentThread }

    /// The registered buffer that the slice lies in, if it does.
    func fixedBufferIndex(of slice: Slice) -> UInt16? { fixedBufferStorage.value.index(of: slice, in: pool) }

    /// Bytes of the pool that are registered with the kernel.
    var registeredBytes: Int { fixedBufferStorage.value.registeredBytes }

    /// Fails the connection unless the calling thread is the loop's: everything else would corrupt the loop's memory.
    ///
    /// That the compiler lets a connection leave its loop, as into a task of its own, is a mistake that kills one
    /// connection, and not the process with all others.
    @inline(__always)
    func requireLoopThread(for slot: UInt32) throws(ConnectionError) {
        if !isCurrent { throw failStray(slot) }
    }

    /// As ``requireLoopThread(for:)``, for what cannot throw: it does nothing then, and what follows throws.
    @inline(__always)
    func isLoopThread(for slot: UInt32) -> Bool {
        if isCurrent { return true }
        _ = failStray(slot)
        return false
    }

    @inline(never)
    private func failStray(_ slot: UInt32) -> ConnectionError {
        // Its owner has not let go of it yet, so it is still this connection when the loop comes to it.
        _ = mailbox.post(.work { self.reset(slot, failure: ConnectionError.strayCode) })
        return .usedElsewhere
    }

    /// Traps unless the calling thread is the loop's: everything else would corrupt the loop's memory.
    @inline(__always)
    func requireLoopThread() {
        require(
            isCurrent,
            """
            a connection and a local value are used on their event loop's thread, and not after the loop has ended; \
            do not hand them to a task elsewhere
            """
        )
    }

    // MARK: Running

    /// Runs the loop on the calling thread until it is stopped.
    package func run() {
        makeCurrent()
        pool.makeCurrent()
        awaitMail()
        while !stopping.value { iterate() }
        tearDown()
    }

    func awaitMail() {
        isAwaitingMail.value = true
        submit(mailbox.wakeDescriptor.awaitSignal(token: OperationToken(kind: OperationKind.wake.rawValue)))
    }

    /// Ends the loop after the current iteration. Loop thread only.
    package func stop() { stopping.value = true }

    private func iterate() {
        advance()
        runJobs()
    }

    /// An iteration up to its jobs.
    func advance() {
        counters.iterations += 1
        let isSettled = inlineSends.isEmpty
        submitSends()
        supplyMemory()
        // Nothing tells that an inline send has succeeded, and it may hold the memory that a connection waits for.
        let waitsForMemory = !starvedQueue.isEmpty || !messageQueue.isEmpty
        let mayWait = isSettled && (!waitsForMemory || inlineSends.isEmpty)
        let mustWait = mayWait && jobs.isEmpty && turnQueue.isEmpty && receiveQueue.isEmpty && mailbox.fallAsleep()
        exchange(waitFor: mustWait ? 1 : 0, deadline: mustWait ? timers.nextDeadline : nil)
        if mustWait { mailbox.wakeUp() }
        fireTimers()
        collectMail()
        turn.value = Turn()
    }

    /// Submits, waits, and deals with all that has completed.
    private func exchange(waitFor count: UInt32, deadline: UInt64?) {
        enter(waitFor: count, deadline: deadline)
        if timers.count > 0 { updateTime() }
        // Asked before anything more is submitted: it is about the sends that this `enter` took.
        let isSettled = ring.isSettled
        dispatchCompletions()
        if isSettled {
            messages.reset()
            settleInlineSends()
        }
    }

    /// Submits and waits; a failure that is not passing means that the ring itself is broken.
    func enter(waitFor count: UInt32, deadline: UInt64?) {
        do {
            try ring.enter(waitFor: count, deadline: deadline)
        } catch {
            endProcess(brokenRing: error)
        }
    }

    func submit(_ entry: SubmissionEntry) {
        do {
            try ring.submit(entry)
        } catch {
            endProcess(brokenRing: error)
        }
    }

    /// Runs the jobs that are there, and those that they make ready, up to a bound, so that the kernel is heard.
    private func runJobs() {
        let executor = unsafe asUnownedTaskExecutor()
        beginTurns()
        counters.jobQueueHighWater = max(counters.jobQueueHighWater, jobs.count)
        var left = max(jobs.count, Self.jobsAnIteration)
        if !jobs.isEmpty { pulse?.goOn() }
        while left > 0, let job = jobs.popFirst() {
            pulse?.begin(job)
            turn.value = Turn()
            unsafe job.runSynchronously(on: executor)
            left -= 1
        }
        pulse?.end()
        closeReleased()
    }

    private static let jobsAnIteration = 1024

    private func collectMail() {
        for mail in mailbox.collect() { handle(mail) }
    }

    private func handle(_ mail: Mail) {
        switch mail {
        case .job(let job): jobs.append(job)
        case .work(let work): work()
        }
    }

    // MARK: Memory

    /// Gives the kernel free chunks, then lets connections receive that waited for them, in order.
    ///
    /// The last thing before `enter`: whatever has given memory back, a send, a job or another thread, has done so
    /// before, or wakes the loop.
    private func supplyMemory() {
        pool.collectReturns()
        if memory.value.update(queuedBytes: slices.footprint) { memoryBecameTight() }
        if !refill() {
            // Every chunk is held. Memory that another thread returns must wake the loop.
            pool.startWaitingForReturns()
            guard refill() else {
                // A loop with receives that await their turn does not sleep, and these could not begin.
                parkReceiveTurns()
                return watchStarvation()
            }
        }
        pool.stopWaitingForReturns()
        while let slot = starvedQueue.popFirst() {
            connections[slot].flags.remove(.starved)
            receiveAgain(slot)
        }
        admitMessages()
        beginReceiveTurns()
        fixedBufferStorage.value.register(slabsOf: pool)
        if !isTrimming.value, pool.mayShrink || slices.mayShrink || pool.mayTrimCopies { scheduleTrimming() }
    }

    /// Whether receives find a chunk. Without large chunks they go on with small ones.
    private func refill() -> Bool {
        let hasChunks = receiveRing.refill(queuedBytes: slices.footprint)
        bulkRing?.refill(queuedBytes: slices.footprint)
        return hasChunks
    }

    private func scheduleTrimming() {
        isTrimming.value = true
        submit(trimmingTimer.start(token: OperationToken(kind: OperationKind.trimMemory.rawValue)))
    }

    /// Gives idle memory back; goes on while there may be more. An idle loop with no more than it began with sleeps, and
    /// one that ends cancels the timer.
    func trimMemory(_ completion: CompletionEntry) {
        isTrimming.value = false
        guard completion.error != .cancelled else { return }
        if !ring.hasCompletions { receiveRing.shrink() }
        if !ring.hasCompletions { bulkRing?.shrink() }
        slices.shrink { relink in
            connections.forEachOccupied { slot in
                relink(&connections[slot].inbound)
                relink(&connections[slot].outbound)
            }
            zeroCopySends.forEachHeld(relink)
        }
        pool.trim()
        pool.trimCopies()
    }

    // MARK: Ending

    /// Leaves nothing behind: every operation reaches its last completion before its memory is unmapped.
    private func tearDown() {
        for index in listeners.indices { listeners[index]?.shutDown(grace: .zero) }
        for connector in connectors.close() { connector.end(.failure(.shutDown)) }
        connections.forEachOccupied { fail($0, ConnectionError.shutDownCode) }
        runJobs()
        connections.forEachOccupied { slot in
            connections[slot].ending = .reset
            if connections[slot].isHeld { connections[slot].phase = .closing }
            continueClosing(slot)
        }
        let deadline = now + 5_000_000_000
        while holdsPoolMemory || listeners.contains(where: { $0 != nil }), now < deadline {
            submitSends()
            exchange(waitFor: 1, deadline: now + 100_000_000)
            runJobs()
        }
        for mail in mailbox.close() { handle(mail) }
        cancelEverything()
        repeat {
            while !jobs.isEmpty || !turnQueue.isEmpty { runJobs() }
            // The ends of values may make tasks ready.
            locals.removeAll()
        } while !jobs.isEmpty || !turnQueue.isEmpty
        stopWatchingUnread()
        // From here on no job is run. Another thread may have the identity of this one soon: what it wants of the loop goes
        // to the mailbox, which is closed.
        resignCurrent()
        thread.giveUp()
        // What is still in flight keeps its memory: that is leaked rather than freed.
        guard !holdsPoolMemory else { return }
        receiveRing.close()
        bulkRing?.close()
    }

    /// Ends what goes on for as long as the loop does, and what has not ended by itself.
    ///
    /// It tries for a second. That is counted in rounds: one stall of the machine must not be all there is.
    private func cancelEverything() {
        for _ in 0..<100 where holdsPoolMemory || isAwaitingMail.value || isTrimming.value {
            submit(.cancelEverything(token: OperationToken(kind: OperationKind.cancel.rawValue)))
            exchange(waitFor: 1, deadline: now + 10_000_000)
            runJobs()
            // What cannot be cancelled ends when it does.
            if holdsPoolMemory { exchange(waitFor: 1, deadline: now + 10_000_000) }
        }
    }

    /// Whether the kernel may still read or write memory of the pool.
    private var holdsPoolMemory: Bool { connections.count > 0 || zeroCopySends.count > 0 || !fileReads.isEmpty }
}
