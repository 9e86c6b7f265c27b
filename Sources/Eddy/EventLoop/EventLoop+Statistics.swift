public import EddyBuffers
internal import EddyRing
internal import EddySystem

extension EventLoop {
    /// What a loop has done since it started, and what it holds now.
    public struct Statistics: Sendable {
        /// Connections that a server has accepted and had served on this loop.
        public var connectionsAccepted: UInt64 = 0
        /// Connections that this loop has made to others, with ``EventLoop/connect(to:options:_:)-(Endpoint,_,_)`` or
        /// what is built on it; attempts that failed are not counted.
        public var connectionsOpened: UInt64 = 0
        /// Attempts to connect that have failed, were cancelled or took too long.
        public var connectFailures: UInt64 = 0
        /// Connections, accepted or opened, that are gone: closed, or handed out by ``Connection/detach()``.
        public var connectionsClosed: UInt64 = 0
        /// Connections closed on arrival: the loop or the server was at its limit, or the server was shutting down.
        public var connectionsRefused: UInt64 = 0
        /// Times that accepting paused: the server was at its limit, the process out of descriptors, or the kernel out
        /// of memory.
        public var acceptPauses: UInt64 = 0
        /// Connections whose handler threw an error.
        public var handlerFailures: UInt64 = 0
        /// Times that connections came to hold so much of the loop's memory that each may hold less.
        public var memoryShortages: UInt64 = 0
        /// Connections that were reset because they held memory that others waited for, and did not get any further.
        public var connectionsEvicted: UInt64 = 0
        /// Reads that have waited for longer than they may, and throw ``ConnectionError/readTimedOut`` unless bytes
        /// come in the same moment.
        public var readTimeouts: UInt64 = 0
        /// Connections that were reset because their peers took nothing; see ``ConnectionError/writeTimedOut``.
        public var writeTimeouts: UInt64 = 0
        /// Connections that were reset because nothing moved; see ``ConnectionError/idleTimedOut``.
        public var idleTimeouts: UInt64 = 0
        /// Bytes that came from peers, read or not.
        public var bytesReceived: UInt64 = 0
        /// Bytes that the system has taken for peers.
        public var bytesSent: UInt64 = 0
        /// Sends out of the pool's memory itself.
        public var zeroCopySends: UInt64 = 0
        /// Those of them whose bytes the kernel has copied all the same.
        public var zeroCopyCopies: UInt64 = 0
        /// Receives that had to wait for memory.
        public var starvations: UInt64 = 0
        /// Slices that were copied out of their chunks, because those who hold slices kept too many chunks.
        public var copies: UInt64 = 0
        /// Times that the loop has gone round.
        public var iterations: UInt64 = 0
        /// How long the loop has run.
        public var runningTime = Duration.zero
        /// The processor time of the loop's thread, the system's work for it included. Divided by ``runningTime`` it is
        /// how busy the loop is. (A loop that waits for something else than its ring, such as a lock, is not busy by
        /// this measure, but stalled.)
        public var processorTime = Duration.zero
        /// The most jobs that waited at the start of an iteration's run of jobs.
        public var jobQueueHighWater = 0
        /// Times that another thread woke the loop while it waited.
        public var mailWakes: UInt64 = 0
        /// Jobs that the watchdog has reported.
        public var stalls: UInt64 = 0
        /// Timers that are running now, such as sleeps, timeouts, and the limits of connecting and closing.
        public var timers = 0
        /// Calls of io_uring_enter(2), or rounds of the engine that takes its place.
        public var enters: UInt64 = 0
        /// Operations that the engine has taken.
        public var submissions: UInt64 = 0
        /// Completions that the loop has read.
        public var completions: UInt64 = 0
        /// Times that the completion queue was too small.
        public var overflows: UInt64 = 0
        /// Bytes that connections have received and not read, and that wait to be sent, with what it takes to manage them.
        public var queuedBytes = 0
        /// Connections that are being made, held by somebody, which broken ones may be, or being closed.
        public var connections = 0
        /// Bytes of the pool that are registered as fixed buffers; the limit of locked memory may forbid more.
        public var registeredBytes = 0
        /// The loop's memory.
        public var pool = BufferPool.Statistics()

        /// Figures of nothing: all are 0.
        public init() {}

        /// Completions for each of ``enters``, on average; 0 when there was none.
        public var completionsPerEnter: Double { enters == 0 ? 0 : Double(completions) / Double(enters) }

        /// Sums, and the higher of two high waters.
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
            sum.mailWakes += right.mailWakes
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

    /// The most bytes that a connection has received and nobody has read, and that wait to be sent on one. Loop thread
    /// only.
    package var longestQueues: (inbound: Int, outbound: Int) {
        var longest = (inbound: 0, outbound: 0)
        driver.connections.forEachConnection { id in
            longest.inbound = max(longest.inbound, Int(driver.connections[id].receiving.queue.byteCount))
            longest.outbound = max(longest.outbound, Int(driver.connections[id].sending.queue.byteCount))
        }
        return longest
    }

    /// Connections that are being made, open or being closed, and bytes that the pool has mapped. Loop thread only.
    package var occupancy: (connections: Int, mappedBytes: Int) { (driver.connections.count, pool.mappedBytes) }

    /// Bytes that receives in flight were promised while memory is tight. Loop thread only.
    package var bytesPromised: Int { driver.promisedBytes.value }

    /// The loop's figures. Loop thread only; see ``statistics()`` for other threads.
    package func collectStatistics() -> Statistics {
        let ringStatistics = ring.statistics
        var statistics = driver.counters
        statistics.starvations = driver.receiveRing.starvations + (driver.bulkRing?.starvations ?? 0)
        statistics.copies = driver.receiveRing.copies + (driver.bulkRing?.copies ?? 0)
        statistics.runningTime = .nanoseconds(ring.now - startTime)
        statistics.processorTime = .nanoseconds(ThreadClock.processorTime)
        statistics.stalls = pulse?.stallCount ?? 0
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
