internal import EddySystem
internal import Synchronization

// While a group is idle its watchdog sleeps, and the first loop that gets a job wakes it:
//
//     loops      jobs ──╴     no job any more                                   ╶── a job: rings
//     watchdog   ┊     ┊     ┊                                                  ▼
//                look  look  quiet: hangs the bell, looks again, still quiet:   look  look  …
//                                   sleeps until it rings
//
// A loop leaves its mark, then reads whether the bell hangs. The watchdog hangs the bell, then reads the marks. All
// four are sequentially consistent, so one of the two sees the other: no job begins unseen.

/// What a group's loops wake its watchdog by.
package final class WatchdogBell: Sendable {
    private let isHung = Atomic<Bool>(false)
    private let isStopped = Atomic<Bool>(false)
    private let asleep = Atomic<Bool>(false)
    private let looks = Atomic<Int>(0)
    private let signal = Semaphore()

    // MARK: The loops' threads

    /// Called after the mark of a batch of jobs: a load, and a system call when the watchdog waits for it.
    @inline(__always)
    func ringIfHung() {
        if isHung.load(ordering: .sequentiallyConsistent) { ring() }
    }

    /// Once for all loops.
    @inline(never)
    private func ring() {
        if isHung.exchange(false, ordering: .acquiringAndReleasing) { signal.signal() }
    }

    // MARK: Any thread

    /// Ends the watch.
    func stop() {
        isStopped.store(true, ordering: .releasing)
        signal.signal()
    }

    /// Whether the watchdog sleeps until a loop has a job.
    var isAsleep: Bool { asleep.load(ordering: .acquiring) }

    /// How often the watchdog has looked at its loops.
    var lookCount: Int { looks.load(ordering: .acquiring) }

    // MARK: The watchdog's thread

    /// Looks at the loops until it is stopped.
    func keep(_ watch: Watch) {
        var watch = watch
        while !isStopped.load(ordering: .acquiring) {
            if look(&watch) {
                isHung.store(true, ordering: .sequentiallyConsistent)
                if look(&watch) {
                    asleep.store(true, ordering: .releasing)
                    signal.wait()
                    asleep.store(false, ordering: .releasing)
                    continue
                }
                isHung.store(false, ordering: .relaxed)
            }
            // A signal of a bell that was taken down again only brings the next look forward.
            _ = signal.wait(until: MonotonicClock.now + watch.interval)
        }
    }

    /// Whether all is quiet.
    private func look(_ watch: inout Watch) -> Bool {
        looks.wrappingAdd(1, ordering: .releasing)
        return watch.look(at: MonotonicClock.now)
    }
}
