extension EventLoop {
    /// Reports jobs that keep a loop from everything else: a call that blocks, or work that takes long.
    ///
    /// A thread beside each group's loops looks at them twice in the threshold. The loops only leave a mark for each
    /// job. A loop that waits is never taken for one that is stalled. While all of them wait, the thread sleeps.
    public struct Watchdog: Sendable {
        /// How long a job may run, from one suspension of its task to the next.
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

    /// A job that ran for too long.
    public struct Stall: Equatable, Sendable, CustomStringConvertible {
        /// The loop's place in its group.
        public var loop: Int
        /// How long the job has run at least; it may have begun half a threshold before.
        public var duration: Duration
        /// The job's task; see ``EventLoop/currentTask``. 0 for methods of an actor.
        public var task: UInt64
        /// Whether the job has ended.
        public var isOver: Bool

        /// Puts a stall together, for tests of what is told of them.
        public init(loop: Int, duration: Duration, task: UInt64, isOver: Bool) {
            self.loop = loop
            self.duration = duration
            self.task = task
            self.isOver = isOver
        }

        /// What happened, and what to do about it.
        public var description: String {
            let time = "\(duration / .milliseconds(1)) ms"
            // The system runs what tasks ask of an actor in jobs of the actor's own, which have no number.
            let job = task == 0 ? "an actor" : "task \(task)"
            return isOver
                ? "event loop \(loop) goes on; \(job) held it up for \(time)"
                : "event loop \(loop) is held up by \(job), for \(time) so far: it serves nobody meanwhile; "
                    + "move what blocks or takes long to another thread"
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
