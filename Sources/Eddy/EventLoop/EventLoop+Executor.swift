internal import EddyBuffers

extension EventLoop {
    /// Takes a job of a task that prefers this loop. Any thread. Swift calls it; programs need not.
    ///
    /// - Precondition: the loop has not ended.
    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        if isCurrent {
            jobs.append(job)
            return
        }
        let accepted = mailbox.post(.job(job))
        require(accepted, "a task prefers an event loop that has ended; end its tasks before the loop")
    }

    /// Runs `body` on the loop's thread and returns its result.
    ///
    /// Tasks and child tasks that `body` starts prefer the loop, too. `body` is `@concurrent`, that is, bound to no
    /// actor, so that it runs where the task prefers to be.
    ///
    /// - Throws: what `body` throws.
    /// - Precondition: the loop has not ended.
    public func run<Success: Sendable, Failure: Error>(
        _ body: @concurrent @Sendable () async throws(Failure) -> Success
    ) async throws(Failure) -> Success {
        try await withTaskExecutorPreference(self, operation: body)
    }

    /// Has `work` done on the loop's thread, soon; false when the loop has ended. Any thread, or what a simulation does
    /// while the loop waits.
    package func post(_ work: @escaping @Sendable () -> Void) -> Bool {
        mailbox.post(.work(work))
    }

    /// The loop's figures. Any thread.
    ///
    /// - Precondition: the loop has not ended.
    public func statistics() async -> Statistics {
        await run { self.collectStatistics() }
    }
}
