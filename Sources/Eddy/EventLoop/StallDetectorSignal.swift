internal import EddySystem
internal import Synchronization

// While a group is idle its stall detector sleeps, and the first loop that gets a job wakes it:
//
//     loops      jobs ──╴     no jobs                                              ╶── a job: notifies
//     detector   ┊     ┊     ┊                                                     ▼
//              sample sample idle: arms the signal, samples again, still idle:   sample sample …
//                                  sleeps until it is notified
//
// A loop stores its epoch, then loads whether the signal is armed. The detector arms the signal, then loads the epochs.
// All four operations are sequentially consistent, so one of the two sees the other: no job begins unnoticed.

/// Wakes the stall detector of a group of loops.
package final class StallDetectorSignal: Sendable {
    private let isArmed = Atomic<Bool>(false)
    private let isStopped = Atomic<Bool>(false)
    private let asleep = Atomic<Bool>(false)
    private let samples = Atomic<Int>(0)
    private let semaphore = Semaphore()

    // MARK: The loops' threads

    /// Called after the epoch of a batch of jobs was stored: a load, and a system call if the detector sleeps.
    @inline(__always)
    func notifyIfArmed() {
        if isArmed.load(ordering: .sequentiallyConsistent) { notify() }
    }

    /// Notifies once on behalf of all loops.
    @inline(never)
    private func notify() {
        if isArmed.exchange(false, ordering: .acquiringAndReleasing) { semaphore.signal() }
    }

    // MARK: Any thread

    /// Ends ``run(_:)``.
    func stop() {
        isStopped.store(true, ordering: .releasing)
        semaphore.signal()
    }

    /// Whether the detector sleeps until a loop has a job.
    var isAsleep: Bool { asleep.load(ordering: .acquiring) }

    /// The number of times that the detector has sampled its loops.
    var sampleCount: Int { samples.load(ordering: .acquiring) }

    // MARK: The detector's thread

    /// Samples the loops until it is stopped.
    func run(_ detector: StallDetector) {
        var detector = detector
        while !isStopped.load(ordering: .acquiring) {
            if sample(&detector) {
                isArmed.store(true, ordering: .sequentiallyConsistent)
                if sample(&detector) {
                    asleep.store(true, ordering: .releasing)
                    semaphore.wait()
                    asleep.store(false, ordering: .releasing)
                    continue
                }
                isArmed.store(false, ordering: .relaxed)
            }
            // A notification that arrives after the signal was disarmed only brings the next sample forward.
            _ = semaphore.wait(until: MonotonicClock.now.advanced(byNanoseconds: detector.interval))
        }
    }

    /// Samples the loops, and returns whether all of them are idle.
    private func sample(_ detector: inout StallDetector) -> Bool {
        samples.wrappingAdd(1, ordering: .releasing)
        return detector.sample(at: MonotonicClock.now)
    }
}
