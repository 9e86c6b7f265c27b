internal import EddySystem

// The detector samples each loop's heartbeat periodically:
//
//     jobs      ╶a╴╶b╴   ╶─────────── c ───────────╴ ╶d╴
//     samples ┊     ┊     ┊     ┊     ┊     ┊     ┊     ┊
//                         first seen ─────▶ │           │
//                                    threshold: report  over: report
//
// A job that two samples see may have begun right after the preceding sample, so its time is counted from the first.
//
// Only the time for which the job occupied the thread counts: on a processor, or asleep in a blocking call. The time
// for which the thread waited for a processor does not count (``SchedulerTimes``): on a busy machine a short job may
// wait for long. Where the system does not report these times, nothing is reported.
//
// When the detector itself did not run (the process was stopped, the machine is busy), it starts counting again. While
// no loop has a job it sleeps: see ``StallDetectorSignal``.

/// Detects jobs that block the loops of a group.
struct StallDetector: Sendable {
    private struct Target: Sendable {
        let heartbeat: Heartbeat
        var last = Heartbeat.Snapshot(epoch: 0, task: 0)
        /// The thread's times at the last sample, while a job runs.
        var times: SchedulerTimes?
        /// Nanoseconds for which the job has occupied the thread since the first sample that saw it.
        var occupied: UInt64 = 0
        /// The connection and the handler that the report named.
        var named: (peer: SocketAddress?, handler: String?) = (nil, nil)
        var isReported = false
    }

    private let watchdog: EventLoop.Watchdog
    /// Nanoseconds for which a job must occupy the thread to be reported.
    private let threshold: UInt64
    private let times: @Sendable (_ thread: Int32) -> SchedulerTimes?
    private var targets: [Target]
    private var lastSample: Instant?

    /// - Parameter times: returns the times of a heartbeat's thread.
    init(
        _ watchdog: EventLoop.Watchdog,
        heartbeats: [Heartbeat],
        times: @escaping @Sendable (_ thread: Int32) -> SchedulerTimes? = { SchedulerTimes(ofThread: $0) }
    ) {
        self.watchdog = watchdog
        self.times = times
        threshold = watchdog.threshold.wholeNanoseconds
        targets = heartbeats.map { Target(heartbeat: $0) }
    }

    /// Nanoseconds between two samples.
    var interval: UInt64 { threshold / 2 }

    /// Samples all loops, and reports jobs that have reached the threshold, and reported jobs that have ended.
    ///
    /// - Returns: whether no loop has run a job since the last sample.
    @discardableResult
    mutating func sample(at now: Instant) -> Bool {
        var isIdle = true
        let elapsed = lastSample?.nanoseconds(to: now) ?? 0
        lastSample = now
        for index in targets.indices {
            let snapshot = targets[index].heartbeat.snapshot()
            if snapshot.isRunning || snapshot.epoch != targets[index].last.epoch { isIdle = false }
            if snapshot.epoch != targets[index].last.epoch {
                if targets[index].isReported { report(index, isOver: true) }
                targets[index] = Target(heartbeat: targets[index].heartbeat, last: snapshot)
                if snapshot.isRunning { targets[index].times = times(targets[index].heartbeat.thread) }
            } else if snapshot.isRunning {
                targets[index].last = snapshot
                count(elapsed, index)
                guard targets[index].occupied >= threshold, !targets[index].isReported else { continue }
                targets[index].isReported = true
                targets[index].named = targets[index].heartbeat.connection(of: snapshot)
                targets[index].heartbeat.countStall()
                report(index, isOver: false)
            }
        }
        return isIdle
    }

    /// Adds the part of the time since the last sample in which the job occupied the thread.
    private mutating func count(_ elapsed: UInt64, _ index: Int) {
        let now = times(targets[index].heartbeat.thread)
        defer { targets[index].times = now }
        guard let now, let before = targets[index].times else { return }
        let onProcessor = now.processor &- before.processor
        let isLate = elapsed > 2 * interval
        if isLate, !targets[index].isReported {
            targets[index].occupied = 0
        } else if now.isRunnable {
            // Time that is not accounted for yet may be a wait for a processor.
            targets[index].occupied += min(onProcessor, elapsed)
        } else {
            targets[index].occupied += elapsed - min(elapsed, now.queue &- before.queue)
        }
    }

    private func report(_ index: Int, isOver: Bool) {
        let target = targets[index]
        watchdog.report(
            EventLoop.Stall(
                loop: index,
                duration: .nanoseconds(Int64(target.occupied)),
                task: target.last.task,
                peer: target.named.peer,
                handler: target.named.handler,
                isOver: isOver
            )
        )
    }
}
