internal import EddyRing
internal import Synchronization

// While a group is idle its watchdog sleeps, and the first loop that gets a job wakes it:
//
//     loops      jobs ──╴     no job any more                                        ╶── a job: rings
//     watchdog   ┊     ┊     ┊            ┊                                          ▼
//                look  look  quiet:       still quiet:                               look  look  …
//                            hang bell    sleep until it rings
//
// A loop only reads whether the bell hangs. Neither side has a fence between what it writes and what it reads, so a loop
// that begins a job just when the bell is hung may not see it yet. The watchdog therefore looks once more, an interval
// later, before it sleeps without an end: what the loop wrote has long reached it then, and so has the bell the loop.

/// What a group's loops wake its watchdog by.
final class WatchdogBell: Sendable {
    private let isHung = Atomic<Bool>(false)
    private let isStopped = Atomic<Bool>(false)
    private let asleep = Atomic<Bool>(false)
    private let looks = Atomic<Int>(0)
    private let signal = Semaphore()

    // MARK: The loops' threads

    /// Called once a batch of jobs: a plain load, and a system call when the watchdog waits for it.
    @inline(__always)
    func ringIfHung() {
        if isHung.load(ordering: .relaxed) { ring() }
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
        var isWaiting = false
        while !isStopped.load(ordering: .acquiring) {
            let isQuiet = watch.look(at: MonotonicClock.now)
            looks.wrappingAdd(1, ordering: .releasing)
            if isWaiting, isQuiet, isHung.load(ordering: .relaxed) {
                asleep.store(true, ordering: .releasing)
                signal.wait()
                asleep.store(false, ordering: .releasing)
                isWaiting = false
            } else {
                isWaiting = isQuiet
                isHung.store(isQuiet, ordering: .sequentiallyConsistent)
                if signal.wait(until: MonotonicClock.now + watch.interval) { isWaiting = false }
            }
        }
    }
}
