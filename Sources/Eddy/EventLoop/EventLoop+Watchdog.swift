public import EddySystem

extension EventLoop {
    /// Reports jobs that keep a loop from everything else: a call that blocks, or work that takes long.
    ///
    /// A thread beside each group's loops looks at them twice in the threshold. The loops only leave a mark for each
    /// job. A loop that waits is never taken for one that is stalled, and neither is one that waits for a processor on a
    /// busy machine. While all loops wait, the thread sleeps. Where /proc is not mounted, or no descriptor
    /// is free to read it, nothing is reported.
    public struct Watchdog: Sendable {
        /// How long a job may hold its loop, from one suspension of its task to the next: on a processor, or asleep in
        /// a call that blocks.
        public var threshold: Duration
        /// Told of each stall twice: when it has lasted for the threshold, and when it is over. Called on the
        /// watchdog's thread, which does not look at the loops meanwhile.
        public var report: @Sendable (Stall) -> Void

        /// - Parameters:
        ///   - threshold: at least a millisecond, or the loop traps when it is made.
        ///   - report: writes a line to standard error unless told otherwise.
        public init(
            threshold: Duration = .milliseconds(100),
            report: @escaping @Sendable (Stall) -> Void = { writeToStandardError("eddy: \($0)\n") }
        ) {
            self.threshold = threshold
            self.report = report
        }
    }

    /// A job that held its loop for too long.
    public struct Stall: Equatable, Sendable, CustomStringConvertible {
        /// The loop's place in its group.
        public var loop: Int
        /// How long the job has held the loop at least; it may have begun half a threshold before.
        public var duration: Duration
        /// The job's task; see ``EventLoop/currentTask``. 0 for methods of an actor.
        public var task: UInt64
        /// The peer of the connection that the job has read from or written to last; nil if it has used none.
        public var peer: SocketAddress?
        /// Where ``TCPServer/run(fileID:line:_:)`` was called with the handler of that connection: `Module/File.swift:12`.
        public var handler: String?
        /// Whether the job has ended.
        public var isOver: Bool

        /// Puts a stall together, for tests of what is told of them.
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
                ? "event loop \(loop) goes on; \(job) held it up for \(time)"
                : "event loop \(loop) is held up by \(job), for \(time) so far: it serves nobody meanwhile; "
                    + "move what blocks or takes long to another thread"
        }

        /// What a user can find: the connection and its handler, or else the task.
        private var job: String {
            if peer == nil, handler == nil {
                // The system runs what tasks ask of an actor in jobs of the actor's own, which have no number.
                return task == 0 ? "an actor" : "task \(task)"
            }
            let connection = peer.map { "the connection from \($0)" } ?? "a connection"
            return handler.map { "\(connection) (handler at \($0))" } ?? connection
        }
    }

    /// The number of the task that runs on the loop now, by which a ``Stall`` names it: log it where a task starts to
    /// find it again. Nil without a watchdog.
    ///
    /// - Precondition: on the loop's thread.
    public var currentTask: UInt64? {
        requireLoopThread()
        return pulse?.currentTask
    }
}
