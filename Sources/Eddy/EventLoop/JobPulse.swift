internal import EddySystem
internal import Synchronization

/// What a loop shows of the job that it runs, so that the watchdog can tell whether it comes to an end.
///
/// The loop writes, with a plain store a job; the watchdog's thread reads.
final class JobPulse: Sendable {
    /// Where the loop is: it changes with each job, and is odd while one runs.
    private let beat = Atomic<UInt64>(0)
    private let task = Atomic<UInt64>(0)
    private let stalls = Atomic<UInt64>(0)
    /// The connection that the job used last: see ``Use``.
    private let use = Atomic<UInt64>(Use.none)
    /// Where the handlers of the loop's listeners stand in their programs.
    private let handlers = Mutex<[UInt32: String]>([:])
    let bell: WatchdogBell
    /// The loop's thread, as the system numbers it.
    let thread: Int32

    /// - Parameter thread: the loop's; the calling one unless told otherwise.
    init(bell: WatchdogBell, thread: Int32 = SchedulerTimes.currentThread) {
        self.bell = bell
        self.thread = thread
    }

    /// A job, as the watchdog sees it.
    struct Sighting: Equatable {
        var beat: UInt64
        var task: UInt64
        var use: UInt64 = Use.none
        var isRunning: Bool { beat & 1 == 1 }
    }

    /// A connection that a job used, in one word, so that it costs one store:
    ///
    ///     63          40 39      32 31              0
    ///     ├─── beat ───┤─ listener ─┤── descriptor ──┤
    ///
    /// The beat tells a use by this job from one by a job before.
    private enum Use {
        static let none = UInt64.max
        static let noListener: UInt32 = 0xff

        static func word(_ beat: UInt64, _ descriptor: Int32, _ listener: ListenerID?) -> UInt64 {
            beat << 40 | UInt64(min(listener?.index ?? noListener, noListener)) << 32
                | UInt64(UInt32(bitPattern: descriptor))
        }
    }

    // MARK: The loop's thread

    @inline(__always)
    func begin(_ job: UnownedJob) {
        task.store(taskNumber(of: job), ordering: .relaxed)
        beat.store(nextRunningBeat, ordering: .relaxed)
    }

    /// The loop goes on with a batch of jobs, or with a job that has waited: a watchdog that sleeps wakes.
    @inline(__always)
    func goOn() {
        beat.store(nextRunningBeat, ordering: .sequentiallyConsistent)
        bell.ringIfHung()
    }

    @inline(__always)
    private var nextRunningBeat: UInt64 { (beat.load(ordering: .relaxed) | 1) &+ 2 }

    @inline(__always)
    func end() {
        beat.store((beat.load(ordering: .relaxed) | 1) &+ 1, ordering: .relaxed)
    }

    /// The job uses a connection.
    @inline(__always)
    func uses(_ descriptor: Int32, listener: ListenerID?) {
        use.store(Use.word(beat.load(ordering: .relaxed), descriptor, listener), ordering: .relaxed)
    }

    /// A listener's handler stands at `location`; nil: the listener has ended.
    func setHandler(_ location: String?, listener: ListenerID) {
        handlers.withLock { $0[listener.index] = location }
    }

    /// The task whose job is running.
    var currentTask: UInt64 { task.load(ordering: .relaxed) }

    /// Stalls that the watchdog has seen.
    var stallCount: UInt64 { stalls.load(ordering: .relaxed) }

    // MARK: The watchdog's thread

    /// A beat that is the same as a while ago is the same job, whose task is known then.
    func look() -> Sighting {
        Sighting(
            beat: beat.load(ordering: .sequentiallyConsistent),
            task: task.load(ordering: .relaxed),
            use: use.load(ordering: .relaxed)
        )
    }

    /// The connection that a job used last, and where its handler stands. Nil if the job has ended meanwhile: the descriptor
    /// may be another connection's then.
    func connection(of sighting: Sighting) -> (peer: SocketAddress?, handler: String?) {
        guard sighting.use >> 40 == sighting.beat & 0xff_ffff, sighting.use != Use.none else { return (nil, nil) }
        let descriptor = Int32(truncatingIfNeeded: sighting.use)
        let listener = UInt32(sighting.use >> 32 & 0xff)
        let peer = descriptor >= 0 ? Socket.remoteAddress(of: descriptor)?.unmapped : nil
        let handler = listener == Use.noListener ? nil : handlers.withLock { $0[listener] }
        return look().beat == sighting.beat ? (peer, handler) : (nil, nil)
    }

    func countStall() { stalls.wrappingAdd(1, ordering: .relaxed) }
}

/// The number of the task that a job is a piece of: the one that `ExecutorJob` describes itself by. The standard
/// library exports the function that its description calls, but does not declare it to the public.
@_silgen_name("swift_task_getJobTaskId")
private func taskNumber(of job: UnownedJob) -> UInt64
