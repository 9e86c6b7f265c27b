public import EddyBuffers
internal import EddyRing
internal import EddySystem

extension EventLoop {
    /// Counters since the loop's start, and gauges of its current state.
    public struct Statistics: Sendable {
        /// Connections that servers have accepted and that this loop serves or has served.
        public var connectionsAccepted: UInt64 = 0
        /// Connections that this loop has opened with ``EventLoop/connect(to:options:_:)-(Endpoint,_,_)`` or functions
        /// that use it. Failed attempts do not count.
        public var connectionsOpened: UInt64 = 0
        /// Connection attempts that failed, were cancelled or timed out.
        public var connectFailures: UInt64 = 0
        /// Accepted or opened connections that have been closed, or detached with ``Connection/detach()``.
        public var connectionsClosed: UInt64 = 0
        /// Connections closed on arrival because the loop or the server was at its limit, or the server was shutting
        /// down.
        public var connectionsRefused: UInt64 = 0
        /// The number of times that accepting paused because the server was at its limit, the process was out of
        /// descriptors, or the kernel was out of memory.
        public var acceptPauses: UInt64 = 0
        /// Connections whose handlers threw an error.
        public var handlerFailures: UInt64 = 0
        /// The number of times that connections held so much of the loop's memory that their limits were lowered.
        public var memoryShortages: UInt64 = 0
        /// Connections that were reset because they held memory that others waited for, and made no progress.
        public var connectionsEvicted: UInt64 = 0
        /// Reads that exceeded their timeout. They throw ``ConnectionError/readTimedOut`` unless bytes arrive at the
        /// same moment.
        public var readTimeouts: UInt64 = 0
        /// Connections that were reset because their peers accepted no bytes; see ``ConnectionError/writeTimedOut``.
        public var writeTimeouts: UInt64 = 0
        /// Connections that were reset because no bytes moved; see ``ConnectionError/idleTimedOut``.
        public var idleTimeouts: UInt64 = 0
        /// Bytes received from peers, read or not.
        public var bytesReceived: UInt64 = 0
        /// Bytes that the kernel has accepted for sending.
        public var bytesSent: UInt64 = 0
        /// Zero-copy sends.
        public var zeroCopySends: UInt64 = 0
        /// Zero-copy sends whose bytes the kernel copied anyway.
        public var zeroCopyCopies: UInt64 = 0
        /// Receives that had to wait for memory.
        public var starvations: UInt64 = 0
        /// Slices that were copied out of their chunks because holders of slices kept too many chunks alive.
        public var copies: UInt64 = 0
        /// Loop iterations.
        public var iterations: UInt64 = 0
        /// How long the loop has run.
        public var runningTime = Duration.zero
        /// The processor time of the loop's thread, including the kernel's work for it. Divided by ``runningTime`` it
        /// is the loop's utilization. (A loop that blocks outside its ring, for example on a lock, is stalled; this
        /// measure does not count it as busy.)
        public var processorTime = Duration.zero
        /// The largest number of jobs that were ready at the start of an iteration's run of jobs.
        public var jobQueueHighWater = 0
        /// The number of times that another thread woke the loop while it waited.
        public var crossThreadWakeups: UInt64 = 0
        /// Jobs that the watchdog has reported.
        public var stalls: UInt64 = 0
        /// Running timers, such as sleeps, timeouts, and the limits of connecting and closing.
        public var timers = 0
        /// Calls of io_uring_enter(2), or the equivalent iterations of another engine.
        public var enters: UInt64 = 0
        /// Operations submitted to the engine.
        public var submissions: UInt64 = 0
        /// Completions read by the loop.
        public var completions: UInt64 = 0
        /// The number of times that the completion queue overflowed.
        public var overflows: UInt64 = 0
        /// Bytes that connections hold, received but not read or queued for sending, including the bookkeeping.
        public var queuedBytes = 0
        /// Connections that are connecting, open (including failed ones that a task still holds), or closing.
        public var connections = 0
        /// Bytes of the pool that are registered as fixed buffers. The locked-memory limit may prevent more.
        public var registeredBytes = 0
        /// Statistics of the loop's pool.
        public var pool = BufferPool.Statistics()

        /// Creates statistics in which all figures are 0.
        public init() {}

        /// The average number of completions per call counted in ``enters``; 0 when there were no calls.
        public var completionsPerEnter: Double { enters == 0 ? 0 : Double(completions) / Double(enters) }

        /// Adds the figures; high-water marks are the larger of the two.
        public static func + (left: Statistics, right: Statistics) -> Statistics {
            var sum = left
            sum.connectionsAccepted += right.connectionsAccepted
            sum.connectionsOpened += right.connectionsOpened
            sum.connectFailures += right.connectFailures
            sum.connectionsClosed += right.connectionsClosed
            sum.connectionsRefused += right.connectionsRefused
            sum.acceptPauses += right.acceptPauses
            sum.handlerFailures += right.handlerFailures
            sum.memoryShortages += right.memoryShortages
            sum.connectionsEvicted += right.connectionsEvicted
            sum.readTimeouts += right.readTimeouts
            sum.writeTimeouts += right.writeTimeouts
            sum.idleTimeouts += right.idleTimeouts
            sum.bytesReceived += right.bytesReceived
            sum.bytesSent += right.bytesSent
            sum.zeroCopySends += right.zeroCopySends
            sum.zeroCopyCopies += right.zeroCopyCopies
            sum.starvations += right.starvations
            sum.copies += right.copies
            sum.iterations += right.iterations
            sum.runningTime += right.runningTime
            sum.processorTime += right.processorTime
            sum.jobQueueHighWater = max(left.jobQueueHighWater, right.jobQueueHighWater)
            sum.crossThreadWakeups += right.crossThreadWakeups
            sum.stalls += right.stalls
            sum.timers += right.timers
            sum.enters += right.enters
            sum.submissions += right.submissions
            sum.completions += right.completions
            sum.overflows += right.overflows
            sum.queuedBytes += right.queuedBytes
            sum.connections += right.connections
            sum.registeredBytes += right.registeredBytes
            sum.pool = left.pool + right.pool
            return sum
        }
    }

    /// The largest number of bytes that any connection holds: received but not read, and queued for sending. Loop
    /// thread only.
    package var longestQueues: (inbound: Int, outbound: Int) {
        var longest = (inbound: 0, outbound: 0)
        driver.connections.forEachConnection { id in
            longest.inbound = max(longest.inbound, Int(driver.connections[id].receiving.queue.byteCount))
            longest.outbound = max(longest.outbound, Int(driver.connections[id].sending.queue.byteCount))
        }
        return longest
    }

    /// The number of connections that are connecting, open or closing, and the bytes that the pool has mapped. Loop
    /// thread only.
    package var occupancy: (connections: Int, mappedBytes: Int) { (driver.connections.count, pool.mappedBytes) }

    /// Bytes reserved for receives in flight while memory is tight. Loop thread only.
    package var bytesPromised: Int { driver.promisedBytes.value }

    /// The loop's statistics. Loop thread only; see ``statistics()`` for other threads.
    package func collectStatistics() -> Statistics {
        let ringStatistics = ring.statistics
        var statistics = driver.counters
        statistics.starvations = driver.receiveRing.starvations + (driver.bulkRing?.starvations ?? 0)
        statistics.copies = driver.receiveRing.copies + (driver.bulkRing?.copies ?? 0)
        statistics.runningTime = startTime.duration(to: ring.now)
        statistics.processorTime = .nanoseconds(ThreadClock.processorTime)
        statistics.stalls = heartbeat?.stallCount ?? 0
        statistics.timers = driver.timers.count
        statistics.enters = ringStatistics.enters
        statistics.submissions = ringStatistics.submissions
        statistics.completions = ringStatistics.completions
        statistics.overflows = ringStatistics.overflows
        statistics.queuedBytes = driver.slices.footprint
        statistics.connections = driver.connections.count
        statistics.registeredBytes = driver.registeredBytes
        statistics.pool = pool.statistics
        return statistics
    }
}
