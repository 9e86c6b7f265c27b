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
    let features: RingFeatures
    let mailbox: Mailbox
    /// What the watchdog sees; nil when there is none.
    let pulse: JobPulse?
    /// The connections, and what drives them.
    let driver: ConnectionDriver

    let jobs = LoopQueue<UnownedJob>()
    private let listenerStorage = LoopLocal(ListenerTable())
    private let connectorStorage = LoopLocal(ConnectorTable())
    /// What users keep on this loop.
    let locals = LocalStore()
    /// Given up when the loop has ended.
    private let thread = ThreadOwner()
    let stopping = LoopLocal(false)
    let startTime: UInt64
    /// When memory that nothing has needed is given back.
    private let trimmingTimer = IntervalTimer(seconds: 1)
    /// Whether that timer is running.
    private let isTrimming = LoopLocal(false)
    /// Whether the read of the wake descriptor is in flight.
    let isAwaitingMail = LoopLocal(false)

    var listeners: ListenerTable {
        _read { yield listenerStorage.value }
        _modify { yield &listenerStorage.value }
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
        driver = try ConnectionDriver(
            configuration: configuration,
            features: features,
            ring: ring,
            pool: pool,
            pulse: pulse
        )
        unsafe driver.delegate = self
    }

    /// Nanoseconds of CLOCK_MONOTONIC, or of a simulation's clock.
    var now: UInt64 { ring.now }

    /// Whether the calling thread is the loop's. No thread is, once the loop has ended. Any thread.
    public var isCurrent: Bool { thread.isCurrentThread }

    /// Fails the connection unless the calling thread is the loop's: everything else would corrupt the loop's memory.
    ///
    /// That the compiler lets a connection leave its loop, as into a task of its own, is a mistake that kills one
    /// connection, and not the process with all others.
    @inline(__always)
    func requireLoopThread(for id: ConnectionID) throws(ConnectionError) {
        if !isCurrent { throw failStray(id) }
    }

    /// As ``requireLoopThread(for:)``, for what cannot throw: it does nothing then, and what follows throws.
    @inline(__always)
    func isLoopThread(for id: ConnectionID) -> Bool {
        if isCurrent { return true }
        _ = failStray(id)
        return false
    }

    @inline(never)
    private func failStray(_ id: ConnectionID) -> ConnectionError {
        // Its owner has not let go of it yet, so it is still this connection when the loop comes to it.
        _ = mailbox.post(.work { self.driver.reset(id, failure: ConnectionError.strayCode) })
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
        driver.submit(mailbox.wakeDescriptor.awaitSignal(token: OperationToken(.wake)))
    }

    /// Ends the loop after the current iteration. Loop thread only.
    package func stop() { stopping.value = true }

    private func iterate() {
        advance()
        runJobs()
    }

    /// An iteration up to its jobs.
    func advance() {
        driver.counters.iterations += 1
        let hadInlineSends = !driver.inlineSends.isEmpty
        driver.submitSends()
        if driver.supplyMemory(), !isTrimming.value, driver.mayTrimMemory { scheduleTrimming() }
        let mustWait = driver.mayWait(hadInlineSends: hadInlineSends) && jobs.isEmpty && mailbox.fallAsleep()
        exchange(waitFor: mustWait ? 1 : 0, deadline: mustWait ? driver.timers.nextDeadline : nil)
        if mustWait { mailbox.wakeUp() }
        fireTimers()
        collectMail()
        driver.turn.value = Turn()
    }

    /// Submits, waits, and deals with all that has completed.
    private func exchange(waitFor count: UInt32, deadline: UInt64?) {
        enter(waitFor: count, deadline: deadline)
        if driver.timers.count > 0 { driver.updateTime() }
        // Asked before anything more is submitted: it is about the sends that this `enter` took.
        let isSettled = ring.isSettled
        dispatchCompletions()
        if isSettled { driver.completeInlineSends() }
    }

    /// Submits and waits; a failure that is not passing means that the ring itself is broken.
    func enter(waitFor count: UInt32, deadline: UInt64?) {
        do {
            try ring.enter(waitFor: count, deadline: deadline)
        } catch {
            endProcess(brokenRing: error)
        }
    }

    /// Runs the jobs that are there, and those that they make ready, up to a bound, so that the kernel is heard.
    private func runJobs() {
        let executor = unsafe asUnownedTaskExecutor()
        driver.beginTurns()
        driver.counters.jobQueueHighWater = max(driver.counters.jobQueueHighWater, jobs.count)
        var left = max(jobs.count, Self.jobsAnIteration)
        if !jobs.isEmpty { pulse?.goOn() }
        while left > 0, let job = jobs.popFirst() {
            pulse?.begin(job)
            driver.turn.value = Turn()
            unsafe job.runSynchronously(on: executor)
            left -= 1
        }
        pulse?.end()
        driver.closeReleased()
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

    private func scheduleTrimming() {
        isTrimming.value = true
        driver.submit(trimmingTimer.start(token: OperationToken(.trimMemory)))
    }

    /// Gives idle memory back; goes on while there may be more. An idle loop with no more than it began with sleeps, and
    /// one that ends cancels the timer.
    func trimMemory(_ completion: CompletionEntry) {
        isTrimming.value = false
        if completion.error != .cancelled { driver.trimMemory() }
    }

    // MARK: Ending

    /// Leaves nothing behind: every operation reaches its last completion before its memory is unmapped.
    private func tearDown() {
        listeners.forEach { $0.shutDown(grace: .zero) }
        for connector in connectors.close() { connector.end(.failure(.shutDown)) }
        driver.failAll()
        runJobs()
        driver.closeAll()
        let deadline = now + 5_000_000_000
        while driver.holdsPoolMemory || !listeners.isEmpty, now < deadline {
            driver.submitSends()
            exchange(waitFor: 1, deadline: now + 100_000_000)
            runJobs()
        }
        for mail in mailbox.close() { handle(mail) }
        cancelEverything()
        repeat {
            while !jobs.isEmpty || !driver.turnQueue.isEmpty { runJobs() }
            // The ends of values may make tasks ready.
            locals.removeAll()
        } while !jobs.isEmpty || !driver.turnQueue.isEmpty
        driver.stopWatchingUnread()
        // From here on no job is run. Another thread may have the identity of this one soon: what it wants of the loop goes
        // to the mailbox, which is closed.
        resignCurrent()
        thread.giveUp()
        // What is still in flight keeps its memory: that is leaked rather than freed.
        guard !driver.holdsPoolMemory else { return }
        driver.closeReceiveRings()
    }

    /// Ends what goes on for as long as the loop does, and what has not ended by itself.
    ///
    /// It tries for a second. That is counted in rounds: one stall of the machine must not be all there is.
    private func cancelEverything() {
        for _ in 0..<100 where driver.holdsPoolMemory || isAwaitingMail.value || isTrimming.value {
            driver.submit(.cancelEverything(token: OperationToken(.cancel)))
            exchange(waitFor: 1, deadline: now + 10_000_000)
            runJobs()
            // What cannot be cancelled ends when it does.
            if driver.holdsPoolMemory { exchange(waitFor: 1, deadline: now + 10_000_000) }
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
