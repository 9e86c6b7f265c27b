internal import EddySystem
internal import Synchronization

/// A loop's record of the job that it runs, from which the stall detector tells whether the job ends.
///
/// The loop's thread writes, with one relaxed store per job; the detector's thread reads.
final class Heartbeat: Sendable {
    /// Changes with each job, and is odd while one runs.
    private let epoch = Atomic<UInt64>(0)
    private let task = Atomic<UInt64>(0)
    private let stalls = Atomic<UInt64>(0)
    /// The connection that the job used last: see ``Use``.
    private let use = Atomic<UInt64>(Use.none)
    /// The source locations of the handlers of the loop's listeners.
    private let handlers = Mutex<[Int: String]>([:])
    let signal: StallDetectorSignal
    /// The system's ID of the loop's thread.
    let thread: Int32

    /// - Parameter thread: the loop's; the calling one by default.
    init(signal: StallDetectorSignal, thread: Int32 = SchedulerTimes.currentThread) {
        self.signal = signal
        self.thread = thread
    }

    /// A job, as the detector sees it.
    struct Snapshot: Equatable {
        var epoch: UInt64
        var task: UInt64
        var use: UInt64 = Use.none
        var isRunning: Bool { epoch & 1 == 1 }
    }

    /// A connection that a job used, packed into one word, so that recording it costs one store:
    ///
    ///     63           40 39      32 31              0
    ///     ├─── epoch ───┤─ listener ─┤── descriptor ──┤
    ///
    /// The epoch distinguishes a use by this job from one by an earlier job.
    private enum Use {
        static let none = UInt64.max
        static let noListener = 0xff

        static func word(_ epoch: UInt64, _ descriptor: Int32, _ listener: ListenerID?) -> UInt64 {
            epoch << 40 | UInt64(min(listener?.index ?? noListener, noListener)) << 32
                | UInt64(UInt32(bitPattern: descriptor))
        }
    }

    // MARK: The loop's thread

    @inline(__always)
    func begin(_ job: UnownedJob) {
        task.store(taskNumber(of: job), ordering: .relaxed)
        epoch.store(nextRunningEpoch, ordering: .relaxed)
    }

    /// The loop resumes a batch of jobs, or a job that has waited: a detector that sleeps wakes.
    @inline(__always)
    func resume() {
        epoch.store(nextRunningEpoch, ordering: .sequentiallyConsistent)
        signal.notifyIfArmed()
    }

    @inline(__always)
    private var nextRunningEpoch: UInt64 { (epoch.load(ordering: .relaxed) | 1) &+ 2 }

    @inline(__always)
    func end() {
        epoch.store((epoch.load(ordering: .relaxed) | 1) &+ 1, ordering: .relaxed)
    }

    /// Records that the job uses a connection.
    @inline(__always)
    func uses(_ descriptor: Int32, listener: ListenerID?) {
        use.store(Use.word(epoch.load(ordering: .relaxed), descriptor, listener), ordering: .relaxed)
    }

    /// Sets the source location of a listener's handler; nil when the listener has ended.
    func setHandler(_ location: String?, listener: ListenerID) {
        handlers.withLock { $0[listener.index] = location }
    }

    /// The task whose job is running.
    var currentTask: UInt64 { task.load(ordering: .relaxed) }

    /// The number of detected stalls.
    var stallCount: UInt64 { stalls.load(ordering: .relaxed) }

    // MARK: The detector's thread

    /// Two snapshots with the same epoch show the same job, whose task is then known.
    func snapshot() -> Snapshot {
        Snapshot(
            epoch: epoch.load(ordering: .sequentiallyConsistent),
            task: task.load(ordering: .relaxed),
            use: use.load(ordering: .relaxed)
        )
    }

    /// The connection that a job used last, and the location of its handler. Nil if the job has ended meanwhile, because
    /// the descriptor may then be another connection's.
    func connection(of snapshot: Snapshot) -> (peer: SocketAddress?, handler: String?) {
        guard snapshot.use >> 40 == snapshot.epoch & 0xff_ffff, snapshot.use != Use.none else { return (nil, nil) }
        let descriptor = Int32(truncatingIfNeeded: snapshot.use)
        let listener = Int(snapshot.use >> 32 & 0xff)
        let peer = descriptor >= 0 ? Socket.remoteAddress(of: descriptor)?.unmapped : nil
        let handler = listener == Use.noListener ? nil : handlers.withLock { $0[listener] }
        return self.snapshot().epoch == snapshot.epoch ? (peer, handler) : (nil, nil)
    }

    func countStall() { stalls.wrappingAdd(1, ordering: .relaxed) }
}

/// The number of the task that a job belongs to, as in the description of `ExecutorJob`. The standard library exports
/// the function that the description calls, but does not declare it publicly.
@_silgen_name("swift_task_getJobTaskId")
private func taskNumber(of job: UnownedJob) -> UInt64
