internal import EddyRing

extension EventLoop {
    /// Suspends the calling task for `duration`. Call it on the loop's thread: in a connection's handler or in
    /// ``run(_:)``.
    ///
    /// - Throws: `CancellationError` when the task is cancelled, at once.
    public func sleep(for duration: Duration) async throws(CancellationError) {
        requireLoopThread()
        let number = sleeps.nextNumber()
        let deadline = MonotonicClock.now.advanced(by: duration)
        await withTaskCancellationHandler {
            guard !Task.isCancelled else { return }
            await Suspension.suspend { suspension in
                sleeps.insert(suspension, number: number)
                timers.schedule(.sleep(number), at: deadline)
            }
        } onCancel: {
            _ = mailbox.post(.work { self.sleeps.remove(number)?.resume() })
        }
        if Task.isCancelled { throw CancellationError() }
    }
}

/// The tasks that sleep on a loop, by number.
struct SleepTable {
    private var sleeping: [UInt64: Suspension] = [:]
    private var last: UInt64 = 0

    mutating func nextNumber() -> UInt64 {
        last += 1
        return last
    }

    mutating func insert(_ suspension: Suspension, number: UInt64) {
        sleeping[number] = suspension
    }

    /// Takes the task out to be resumed; nil when it was already.
    mutating func remove(_ number: UInt64) -> Suspension? {
        sleeping.removeValue(forKey: number)
    }
}

extension UInt64 {
    /// This moment (nanoseconds of CLOCK_MONOTONIC) and `duration` later; the end of time when that overflows.
    func advanced(by duration: Duration) -> UInt64 {
        let (seconds, attoseconds) = duration.components
        guard seconds >= 0, attoseconds >= 0 else { return self }
        let (whole, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow else { return .max }
        let (sum, sumOverflow) = addingReportingOverflow(whole)
        let (result, resultOverflow) = sum.addingReportingOverflow(UInt64(attoseconds) / 1_000_000_000)
        return sumOverflow || resultOverflow ? .max : result
    }
}
