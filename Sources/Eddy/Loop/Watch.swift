internal import EddyRing

// The watchdog looks at each loop's pulse now and then:
//
//     jobs      ╶a╴╶b╴   ╶─────────── c ───────────╴ ╶d╴
//     looks   ┊     ┊     ┊     ┊     ┊     ┊     ┊     ┊
//                         first seen ─────▶ │           │
//                                    threshold: report  over: report
//
// A job that two looks see may have begun right after the look before them, so its time is counted from the first.
// When the watchdog itself was kept from running (the process was stopped, the machine has too much to do), nobody
// knows whether the loops were, too: then it counts anew. While no loop has a job it sleeps: see ``WatchdogBell``.

/// What the watchdog has seen of a group's loops.
struct Watch: Sendable {
    private struct Subject: Sendable {
        let pulse: JobPulse
        var last = JobPulse.Sighting(beat: 0, task: 0)
        /// When it was seen first.
        var since: UInt64 = 0
        var isReported = false
    }

    private let watchdog: EventLoop.Watchdog
    private let threshold: UInt64
    private var subjects: [Subject]
    private var lastLook: UInt64?

    init(_ watchdog: EventLoop.Watchdog, pulses: [JobPulse]) {
        self.watchdog = watchdog
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
        let hasSlept = now - (lastLook ?? now) > 2 * interval
        lastLook = now
        for index in subjects.indices {
            let sighting = subjects[index].pulse.look()
            if sighting.isRunning || sighting.beat != subjects[index].last.beat { isQuiet = false }
            if sighting.beat != subjects[index].last.beat {
                if subjects[index].isReported { report(index, at: now, isOver: true) }
                subjects[index].last = sighting
                subjects[index].since = now
                subjects[index].isReported = false
            } else if sighting.isRunning, !subjects[index].isReported {
                if hasSlept { subjects[index].since = now }
                guard now - subjects[index].since >= threshold else { continue }
                subjects[index].isReported = true
                subjects[index].last = sighting
                subjects[index].pulse.countStall()
                report(index, at: now, isOver: false)
            }
        }
        return isQuiet
    }

    private func report(_ index: Int, at now: UInt64, isOver: Bool) {
        let subject = subjects[index]
        let duration = Duration.nanoseconds(Int64(now - subject.since))
        watchdog.report(
            EventLoop.Stall(loop: index, duration: duration, task: subject.last.task, isOver: isOver)
        )
    }
}
