internal import EddyBuffers
package import EddyRing
internal import EddySystem

// One iteration of a loop:
//
//     ┌─▶ 1. queue a send for each connection that has something to send
//     │   2. give the kernel free chunks; resume receives that waited for memory
//     │   3. enter: submit everything; if no job is ready, wait for completions, messages, or the next deadline
//     │   4. dispatch completions: slices to connections, results to waiting tasks, which become jobs
//     │   5. complete the sends that ended within `enter`: their slices return to the pool
//     │   6. fire timers, drain the inbox
//     │   7. call the objects of connections that are ready; resume the tasks whose turns were over
//     └── 8. run jobs: the tasks of connections, until each suspends; close the connections that they dropped
//
// All replies to a batch of requests leave in one system call.

/// A thread with a ring and a memory pool, on which connections live.
///
/// A loop is a `TaskExecutor`: a task that prefers it runs on its thread, as a connection's task does. The loop's state
/// is accessed on that thread only; other threads enqueue jobs.
public final class EventLoop: TaskExecutor, @unchecked Sendable {
    /// The configuration that the loop was created with.
    public let configuration: Configuration

    let ring: Ring
    let pool: BufferPool
    let features: RingFeatures
    let inbox: TaskInbox
    /// Read by the stall detector; nil without a watchdog.
    let heartbeat: Heartbeat?
    /// The connections and the state machine that drives them.
    let driver: ConnectionDriver

    let jobs = LoopQueue<UnownedJob>()
    private let listenerStorage = LoopLocal(ObjectTable<Listener>())
    private let connectorStorage = LoopLocal(ConnectorTable())
    /// The users' values on this loop.
    let locals = LocalStore()
    /// Released when the loop has ended.
    private let thread = ThreadOwner()
    let stopping = LoopLocal(false)
    let startTime: Instant
    /// Triggers the return of idle memory to the system.
    private let trimmingTimer = IntervalTimer(seconds: 1)
    /// Whether that timer is running.
    private let isTrimming = LoopLocal(false)
    /// Whether the read of the wake descriptor is in flight.
    let isWakeReadInFlight = LoopLocal(false)

    var listeners: ObjectTable<Listener> {
        _read { yield listenerStorage.value }
        _modify { yield &listenerStorage.value }
    }

    /// Connections in progress.
    var connectors: ConnectorTable {
        _read { yield connectorStorage.value }
        _modify { yield &connectorStorage.value }
    }

    /// Creates a loop for the calling thread; call ``run()`` on it.
    ///
    /// - Parameter signal: wakes the stall detector that samples the loop.
    convenience init(
        configuration: Configuration,
        plan: RingPlan,
        signal: StallDetectorSignal = StallDetectorSignal()
    ) throws(RingError) {
        try self.init(configuration: configuration, features: plan.features, ring: plan.makeRing(), signal: signal)
    }

    /// Creates a loop on an existing ring, for the calling thread; call ``run()`` on it.
    package init(
        configuration: Configuration,
        features: RingFeatures,
        ring: Ring,
        signal: StallDetectorSignal = StallDetectorSignal()
    ) throws(RingError) {
        configuration.requireValid()
        self.configuration = configuration
        self.features = features
        inbox = try TaskInbox()
        heartbeat = configuration.watchdog == nil ? nil : Heartbeat(signal: signal)
        self.ring = ring
        startTime = ring.now
        let inbox = inbox
        var poolConfiguration = configuration.pool
        if !features.incrementalBuffers {
            // Each receive consumes a whole chunk, so chunks must be smaller for the same number of receives.
            poolConfiguration.receiveChunkSize = min(poolConfiguration.receiveChunkSize, 16 << 10)
        }
        pool = BufferPool(
            configuration: poolConfiguration,
            shares: PoolShares(dividing: poolConfiguration),
            wake: { inbox.notify() }
        )
        driver = try ConnectionDriver(
            configuration: configuration,
            features: features,
            ring: ring,
            pool: pool,
            heartbeat: heartbeat
        )
        unsafe driver.delegate = self
    }

    /// The loop whose thread this is; nil on every other thread.
    public static var current: EventLoop? { CurrentLoop.value }

    /// The current time of CLOCK_MONOTONIC, or of a simulation's clock.
    var now: Instant { ring.now }

    /// Whether the calling thread is the loop's. False on every thread once the loop has ended. Callable on any thread.
    public var isCurrent: Bool { thread.isCurrentThread }

    /// Fails the connection unless the calling thread is the loop's: any other thread would corrupt the loop's memory.
    ///
    /// The compiler cannot prevent every way of moving a connection off its loop, for example into a task of its own.
    /// Such a mistake fails one connection instead of the process.
    @inline(__always)
    func requireLoopThread(for id: ConnectionID) throws(ConnectionError) {
        if !isCurrent { throw failStray(id) }
    }

    /// Like ``requireLoopThread(for:)``, for callers that cannot throw: they do nothing, and the next throwing call
    /// throws.
    @inline(__always)
    func isLoopThread(for id: ConnectionID) -> Bool {
        if isCurrent { return true }
        _ = failStray(id)
        return false
    }

    @inline(never)
    private func failStray(_ id: ConnectionID) -> ConnectionError {
        _ = inbox.post(
            .work {
                // Its owner still holds it, unless the loop has ended.
                guard self.driver.connections.isCurrent(id) else { return }
                self.driver.reset(id, failure: ConnectionError.strayCode)
            }
        )
        return .usedElsewhere
    }

    /// Traps unless the calling thread is the loop's: any other thread would corrupt the loop's memory.
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
        CurrentLoop.value = self
        pool.makeCurrent()
        readWakeDescriptor()
        while !stopping.value { iterate() }
        tearDown()
    }

    func readWakeDescriptor() {
        isWakeReadInFlight.value = true
        driver.submit(inbox.wakeDescriptor.awaitSignal(token: OperationToken(.wake)))
    }

    /// Ends the loop after the current iteration. Loop thread only.
    package func stop() { stopping.value = true }

    private func iterate() {
        advance()
        runJobs()
    }

    /// Runs an iteration up to its jobs.
    func advance() {
        driver.counters.iterations += 1
        let hadInlineSends = !driver.inlineSends.isEmpty
        driver.submitSends()
        if driver.supplyMemory(), !isTrimming.value, driver.mayTrimMemory { scheduleTrimming() }
        let mustWait = driver.mayWait(hadInlineSends: hadInlineSends) && jobs.isEmpty && inbox.prepareToWait()
        exchange(waitFor: mustWait ? 1 : 0, deadline: mustWait ? driver.timers.nextDeadline : nil)
        if mustWait { inbox.finishWaiting() }
        fireTimers()
        drainInbox()
        driver.turn.value = Turn()
    }

    /// Submits, waits, and dispatches all completions.
    private func exchange(waitFor count: UInt32, deadline: Instant?) {
        enter(waitFor: count, deadline: deadline)
        if driver.timers.count > 0 { driver.updateTime() }
        // Read before further submissions: it concerns the sends of this `enter` only.
        let isDrained = ring.isDrained
        dispatchCompletions()
        if isDrained { driver.completeInlineSends() }
    }

    /// Submits and waits. A permanent failure means that the ring itself is broken.
    func enter(waitFor count: UInt32, deadline: Instant?) {
        do {
            try ring.enter(waitFor: count, deadline: deadline)
        } catch {
            endProcess(brokenRing: error)
        }
    }

    /// Runs the ready jobs, and those that they make ready, up to a bound, so that completions are not delayed.
    private func runJobs() {
        let executor = unsafe asUnownedTaskExecutor()
        driver.callReady()
        driver.beginTurns()
        driver.counters.jobQueueHighWater = max(driver.counters.jobQueueHighWater, jobs.count)
        var left = max(jobs.count, Self.jobsAnIteration)
        if !jobs.isEmpty { heartbeat?.resume() }
        while left > 0, let job = jobs.popFirst() {
            heartbeat?.begin(job)
            driver.turn.value = Turn()
            unsafe job.runSynchronously(on: executor)
            left -= 1
        }
        heartbeat?.end()
        driver.callReady()
        driver.closeReleased()
    }

    private static let jobsAnIteration = 1024

    /// Whether jobs, tasks whose turns were over, or objects are to run.
    @inline(__always)
    var hasWork: Bool { !jobs.isEmpty || !driver.turnQueue.isEmpty || !driver.readyQueue.isEmpty }

    private func drainInbox() {
        for item in inbox.drain() { handle(item) }
    }

    private func handle(_ item: TaskInbox.Item) {
        switch item {
        case .job(let job): jobs.append(job)
        case .work(let work): work()
        }
    }

    // MARK: Memory

    private func scheduleTrimming() {
        isTrimming.value = true
        driver.submit(trimmingTimer.start(token: OperationToken(.trimMemory)))
    }

    /// Returns idle memory to the system, and repeats while more may become idle. An idle loop without more memory than
    /// it began with sleeps; a loop that ends cancels the timer.
    func trimMemory(_ completion: CompletionEntry) {
        isTrimming.value = false
        if completion.error != .cancelled { driver.trimMemory() }
    }

    // MARK: Ending

    /// Ends the loop: every operation reaches its last completion before its memory is unmapped.
    private func tearDown() {
        for listener in listeners.all { listener.shutDown(grace: .zero) }
        for connector in connectors.close() { connector.end(.failure(.shutDown)) }
        driver.failAll()
        runJobs()
        driver.closeAll()
        let deadline = now.advanced(by: .seconds(5))
        while driver.holdsPoolMemory || !listeners.isEmpty, now < deadline {
            driver.submitSends()
            exchange(waitFor: 1, deadline: now.advanced(by: .milliseconds(100)))
            runJobs()
        }
        for item in inbox.close() { handle(item) }
        cancelEverything()
        repeat {
            while hasWork { runJobs() }
            // Deinitializing values may make tasks ready.
            locals.removeAll()
        } while hasWork
        driver.stopWatchingUnread()
        driver.endStarvation()
        // No job runs from here on. Another thread may soon get this thread's identity; its requests to the loop go to
        // the inbox, which is closed.
        CurrentLoop.value = nil
        thread.giveUp()
        // Memory of operations that are still in flight is leaked rather than freed.
        guard !driver.holdsPoolMemory else { return }
        driver.closeReceiveRings()
    }

    /// Cancels operations that last as long as the loop, and any that have not ended by themselves.
    ///
    /// Retries for about a second. It counts iterations rather than time, so that a stall of the machine does not use
    /// up all attempts.
    private func cancelEverything() {
        for _ in 0..<100 where driver.holdsPoolMemory || isWakeReadInFlight.value || isTrimming.value {
            driver.submit(.cancelEverything(token: OperationToken(.cancel)))
            exchange(waitFor: 1, deadline: now.advanced(by: .milliseconds(10)))
            runJobs()
            // Operations that cannot be cancelled end by themselves.
            if driver.holdsPoolMemory { exchange(waitFor: 1, deadline: now.advanced(by: .milliseconds(10))) }
        }
    }
}

extension EventLoop: ConnectionDriverDelegate {
    func connectionClosed(of listener: ListenerID) {
        listeners[listener]?.connectionClosed()
    }

    func connectionFailed(_ failure: Int32, of connector: ConnectorID) {
        let error = failure == ConnectionError.shutDownCode ? ConnectError.shutDown : .cancelled
        connectors[connector]?.end(.failure(error))
    }
}
