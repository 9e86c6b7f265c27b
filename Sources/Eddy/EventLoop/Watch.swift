internal import EddySystem

// The watchdog looks at each loop's pulse now and then:
//
//     jobs      ╶a╴╶b╴   ╶─────────── c ───────────╴ ╶d╴
//     looks   ┊     ┊     ┊     ┊     ┊     ┊     ┊     ┊
//                         first seen ─────▶ │           │
//                                    threshold: report  over: report
//
// A job that two looks see may have begun right after the look before them, so its time is counted from the first.
//
// What counts is the time for which the job held the thread: on a processor, or asleep in a call that blocks. The time
// for which the thread waited for a processor does not count (``SchedulerTimes``): on a busy machine a job that does
// next to nothing may wait for long. Where the system does not tell, nothing is reported.
//
// When the watchdog itself did not run (the process was stopped, the machine is busy), it counts anew. While no loop
// has a job it sleeps: see ``WatchdogBell``.

/// What the watchdog has seen of a group's loops.
struct Watch: Sendable {
    private struct Subject: Sendable {
        let pulse: JobPulse
        var last = JobPulse.Sighting(beat: 0, task: 0)
        /// The thread's times at the last look, while a job runs.
        var times: SchedulerTimes?
        /// Nanoseconds for which the job has held the thread since it was seen first.
        var held: UInt64 = 0
        /// The connection and the handler that the report named.
        var named: (peer: SocketAddress?, handler: String?) = (nil, nil)
        var isReported = false
    }

    private let watchdog: EventLoop.Watchdog
    private let threshold: UInt64
    private let times: @Sendable (_ thread: Int32) -> SchedulerTimes?
    private var subjects: [Subject]
    private var lastLook: UInt64?

    /// - Parameter times: of the thread that a pulse names.
    init(
        _ watchdog: EventLoop.Watchdog,
        pulses: [JobPulse],
        times: @escaping @Sendable (_ thread: Int32) -> SchedulerTimes? = { SchedulerTimes(ofThread: $0) }
    ) {
        self.watchdog = watchdog
        self.times = times
        threshold = UInt64(0).advanced(by: watchdog.threshold)
        subjects = pulses.map { Subject(pulse: $0) }
    }

    /// Nanoseconds between two looks.
    var interval: UInt64 { threshold / 2 }

    /// Looks at each loop, and reports those that are stalled, and those that are not any more.
    ///
    /// - Returns: whether no loop has had a job since the last look.
    @discardableResult
    mutating func look(at now: UInt64) -> Bool {
        var isQuiet = true
        let elapsed = now - (lastLook ?? now)
        lastLook = now
        for index in subjects.indices {
            let sighting = subjects[index].pulse.look()
            if sighting.isRunning || sighting.beat != subjects[index].last.beat { isQuiet = false }
            if sighting.beat != subjects[index].last.beat {
                if subjects[index].isReported { report(index, isOver: true) }
                subjects[index] = Subject(pulse: subjects[index].pulse, last: sighting)
                if sighting.isRunning { subjects[index].times = times(subjects[index].pulse.thread) }
            } else if sighting.isRunning {
                subjects[index].last = sighting
                count(elapsed, index)
                guard subjects[index].held >= threshold, !subjects[index].isReported else { continue }
                subjects[index].isReported = true
                subjects[index].named = subjects[index].pulse.connection(of: sighting)
                subjects[index].pulse.countStall()
                report(index, isOver: false)
            }
        }
        return isQuiet
    }

    /// Adds what the job has had of the time since the last look.
    private mutating func count(_ elapsed: UInt64, _ index: Int) {
        let now = times(subjects[index].pulse.thread)
        defer { subjects[index].times = now }
        guard let now, let before = subjects[index].times else { return }
        let onProcessor = now.processor &- before.processor
        let isLate = elapsed > 2 * interval
        if isLate, !subjects[index].isReported {
            subjects[index].held = 0
        } else if now.isRunnable {
            // What is not accounted for yet may be the wait for a processor.
            subjects[index].held += min(onProcessor, elapsed)
        } else {
            subjects[index].held += elapsed - min(elapsed, now.queue &- before.queue)
        }
    }

    private func report(_ index: Int, isOver: Bool) {
        let subject = subjects[index]
        watchdog.report(
            EventLoop.Stall(
                loop: index,
                duration: .nanoseconds(Int64(subject.held)),
                task: subject.last.task,
                peer: subject.named.peer,
                handler: subject.named.handler,
                isOver: isOver
            )
        )
    }
}
