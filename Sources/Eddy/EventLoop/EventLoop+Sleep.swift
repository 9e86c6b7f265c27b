internal import EddyRing
internal import EddySystem

extension EventLoop {
    /// Suspends the calling task for `duration`. Call it on the loop's thread: in a connection's handler or in
    /// ``run(_:)``.
    ///
    /// The task goes on no earlier than `duration` from now, and as soon after that as the loop has nothing else to
    /// do. A sleep that is cancelled leaves nothing behind.
    ///
    /// - Throws: `CancellationError` when the task is cancelled, at once.
    public func sleep(for duration: Duration) async throws(CancellationError) {
        requireLoopThread()
        let deadline = ring.now.advanced(by: duration)
        let timer = driver.timers.reserve()
        await withTaskCancellationHandler {
            guard !Task.isCancelled else { return }
            await Waiter.suspend { driver.timers.start(timer, .sleep($0), at: deadline) }
        } onCancel: {
            // Read when the task has suspended: the loop runs it until then.
            _ = mailbox.post(.work { self.wake(timer) })
        }
        // Over already, unless the task was cancelled before it slept.
        driver.timers.cancel(timer)
        if Task.isCancelled { throw CancellationError() }
    }

    /// Ends a sleep before its time; does nothing when it has ended.
    private func wake(_ timer: TimerID) {
        if case .sleep(let sleeper)? = driver.timers.take(timer) { sleeper.resume() }
    }
}
