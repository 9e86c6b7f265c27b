internal import EddyBuffers

extension EventLoop {
    /// Enqueues a job of a task that prefers this loop. Callable on any thread. Called by the Swift runtime; programs
    /// do not need to call it.
    ///
    /// - Precondition: the loop has not ended.
    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        if isCurrent {
            jobs.append(job)
            return
        }
        let accepted = inbox.post(.job(job))
        require(accepted, "a task prefers an event loop that has ended; end its tasks before the loop")
    }

    /// Runs `body` on the loop's thread and returns its result.
    ///
    /// Tasks and child tasks that `body` starts prefer the loop, too. `body` is `@concurrent`, so it is isolated to no
    /// actor and runs on the preferred executor.
    ///
    /// - Throws: what `body` throws.
    /// - Precondition: the loop has not ended.
    public func run<Success: Sendable, Failure: Error>(
        _ body: @concurrent @Sendable () async throws(Failure) -> Success
    ) async throws(Failure) -> Success {
        try await withTaskExecutorPreference(self, operation: body)
    }

    /// Runs `work` on the loop's thread soon; returns false when the loop has ended. Callable on any thread, and by a
    /// simulation while the loop waits.
    package func post(_ work: @escaping @Sendable () -> Void) -> Bool {
        inbox.post(.work(work))
    }

    /// The loop's statistics. Callable on any thread.
    ///
    /// - Precondition: the loop has not ended.
    public func statistics() async -> Statistics {
        await run { self.collectStatistics() }
    }
}
