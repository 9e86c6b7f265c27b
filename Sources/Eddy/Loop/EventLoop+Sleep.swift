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
