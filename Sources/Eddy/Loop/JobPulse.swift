internal import Synchronization

/// What a loop shows of the job that it runs, so that the watchdog can tell whether it comes to an end.
///
/// The loop writes, with a plain store a job; the watchdog's thread reads.
final class JobPulse: Sendable {
    /// Where the loop is: it changes with each job, and is odd while one runs.
    private let beat = Atomic<UInt64>(0)
    private let task = Atomic<UInt64>(0)
    private let stalls = Atomic<UInt64>(0)
    let bell: WatchdogBell

    init(bell: WatchdogBell) {
        self.bell = bell
    }

    /// A job, as the watchdog sees it.
    struct Sighting: Equatable {
        var beat: UInt64
        var task: UInt64
        var isRunning: Bool { beat & 1 == 1 }
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

    /// The task whose job is running.
    var currentTask: UInt64 { task.load(ordering: .relaxed) }

    /// Stalls that the watchdog has seen.
    var stallCount: UInt64 { stalls.load(ordering: .relaxed) }

    // MARK: The watchdog's thread

    /// A beat that is the same as a while ago is the same job, whose task is known then.
    func look() -> Sighting {
        Sighting(beat: beat.load(ordering: .sequentiallyConsistent), task: task.load(ordering: .relaxed))
    }

    func countStall() { stalls.wrappingAdd(1, ordering: .relaxed) }
}

/// The number of the task that a job is a piece of: the one that `ExecutorJob` describes itself by. The standard
/// library exports the function that its description calls, but does not declare it to the public.
@_silgen_name("swift_task_getJobTaskId")
private func taskNumber(of job: UnownedJob) -> UInt64
