internal import EddyRing
internal import EddySystem

extension EventLoop {
    /// Suspends the calling task for `duration`. Call it on the loop's thread: in a connection's handler or in
    /// ``run(_:)``.
    ///
    /// The task resumes no earlier than `duration` from now, as soon as the loop is free to run it. A cancelled sleep
    /// leaves no timer.
    ///
    /// - Throws: `CancellationError`, at once, when the task is cancelled.
    public func sleep(for duration: Duration) async throws(CancellationError) {
        requireLoopThread()
        let deadline = ring.now.advanced(by: duration)
        let timer = driver.timers.reserve()
        await withTaskCancellationHandler {
            guard !Task.isCancelled else { return }
            await Waiter.suspend { driver.timers.start(timer, .sleep($0), at: deadline) }
        } onCancel: {
            // The loop runs this after the task has suspended, because it runs the task until then.
            _ = inbox.post(.work { self.wake(timer) })
        }
        // The timer has already ended, unless the task was cancelled before it slept.
        driver.timers.cancel(timer)
        if Task.isCancelled { throw CancellationError() }
    }

    /// Ends a sleep early; does nothing when the sleep has ended.
    private func wake(_ timer: TimerID) {
        if case .sleep(let sleeper)? = driver.timers.take(timer) { sleeper.resume() }
    }
}
