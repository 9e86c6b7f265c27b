public import EddySystem

extension EventLoop {
    /// Reports jobs that block a loop: calls that block, or long computations.
    ///
    /// One thread per group samples the loops twice per threshold; a loop only stores a marker per job. A waiting loop
    /// is never reported as stalled, nor is a loop that waits for a processor on a busy machine. The thread sleeps
    /// while all loops wait. Nothing is reported where /proc is not mounted, or no descriptor is free to read it.
    public struct Watchdog: Sendable {
        /// How long a job may occupy its loop, from one suspension of its task to the next: on a processor, or asleep
        /// in a blocking call.
        public var threshold: Duration
        /// Called twice for each stall: when it has lasted for the threshold, and when it is over. Called on the
        /// watchdog's thread, which does not sample the loops during the call.
        public var report: @Sendable (Stall) -> Void

        /// - Parameters:
        ///   - threshold: at least a millisecond; creating a loop with less traps.
        ///   - report: called for each stall. By default it writes a line to standard error.
        public init(
            threshold: Duration = .milliseconds(100),
            report: @escaping @Sendable (Stall) -> Void = { writeToStandardError("eddy: \($0)\n") }
        ) {
            self.threshold = threshold
            self.report = report
        }
    }

    /// A job that occupied its loop for too long.
    public struct Stall: Equatable, Sendable, CustomStringConvertible {
        /// The loop's index in its group.
        public var loop: Int
        /// How long the job has occupied the loop, at least. It may have begun up to half a threshold earlier.
        public var duration: Duration
        /// The job's task; see ``EventLoop/currentTask``. 0 for methods of an actor.
        public var task: UInt64
        /// The peer of the connection that the job last read from or wrote to; nil if it used none.
        public var peer: SocketAddress?
        /// Where ``TCPServer/run(fileID:line:_:)`` was called with the handler of that connection: `Module/File.swift:12`.
        public var handler: String?
        /// Whether the job has ended.
        public var isOver: Bool

        /// Creates a stall, for tests of reports.
        public init(
            loop: Int,
            duration: Duration,
            task: UInt64,
            peer: SocketAddress? = nil,
            handler: String? = nil,
            isOver: Bool
        ) {
            self.loop = loop
            self.duration = duration
            self.task = task
            self.peer = peer
            self.handler = handler
            self.isOver = isOver
        }

        /// What happened, and what to do about it.
        public var description: String {
            let time = "\(Int(duration / .milliseconds(1))) ms"
            return isOver
                ? "event loop \(loop) runs again; \(job) blocked it for \(time)"
                : "event loop \(loop) is blocked by \(job), for \(time) so far, and serves no connection; "
                    + "move blocking calls and long computations to another thread"
        }

        /// Identifies the job for the user: by its connection and handler, or else by its task.
        private var job: String {
            if peer == nil, handler == nil {
                // The runtime runs calls of actor methods in jobs of the actor, which have no task number.
                return task == 0 ? "an actor" : "task \(task)"
            }
            let connection = peer.map { "the connection from \($0)" } ?? "a connection"
            return handler.map { "\(connection) (handler at \($0))" } ?? connection
        }
    }

    /// The number of the task that runs on the loop now, as in ``Stall/task``. Log it when a task starts to identify
    /// the task in reports. Nil without a watchdog.
    ///
    /// - Precondition: on the loop's thread.
    public var currentTask: UInt64? {
        requireLoopThread()
        return heartbeat?.currentTask
    }
}
