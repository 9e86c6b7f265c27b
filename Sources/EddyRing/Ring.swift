internal import CLiburing
internal import EddyBuffers
package import EddySystem

// One iteration of a loop, seen from the ring:
//
//     loop                                 ring                               engine
//     ────                                 ────                               ──────
//     submit(entry) … submit(entry)   →    written to the submission queue
//     enter(…)                        →    publishes the tail            →    performs, waits
//     nextCompletion() … nil          ←    read from the completion queue ←   posts
//
// An engine is the kernel's io_uring, or epoll with non-blocking calls, or a network in memory. The article "What an
// engine promises" specifies what each operation does on every engine.

/// A submission queue and a completion queue, and the one call that advances both: `enter`.
///
/// A ring belongs to the thread that created it. It allocates nothing after initialization.
@safe
package final class Ring {
    let engine: RingEngine
    private let queues: RingQueues
    private let submissionMask: UInt32
    private let completionMask: UInt32
    private let cursor: UnsafeMutablePointer<Cursor>

    /// The positions that the loop advances. Behind a pointer, so that access costs no exclusivity check.
    private struct Cursor {
        var submissionTail: UInt32 = 0
        var completionHead: UInt32 = 0
        /// Completions that were moved out of the queue before they were read, newest first. Nearly always empty.
        var setAside: [CompletionEntry] = []
        var statistics = Statistics()
    }

    /// What the ring has done so far.
    package struct Statistics: Sendable {
        package var enters: UInt64 = 0
        package var submissions: UInt64 = 0
        package var completions: UInt64 = 0
        /// The number of `enter` calls that began with overflowed completions.
        package var overflows: UInt64 = 0
    }

    /// Makes a ring for the calling thread, which alone may use it.
    ///
    /// - Parameters:
    ///   - engine: the engine that performs the operations; by default the choice of the environment and the system.
    ///   - features: the features that the ring may use; by default all that the environment does not disable.
    /// - Throws: ``RingError``, also if `EDDY_ENGINE` or `EDDY_DISABLE` contains an unknown name.
    package convenience init(
        engine: EngineKind? = nil,
        features: RingFeatures? = nil,
        submissionEntries: UInt32 = 512,
        completionEntries: UInt32 = 4096
    ) throws(RingError) {
        let choice = try EngineChoice.current()
        self.init(
            try RingEngine(
                engine ?? choice.kind,
                features: features ?? .permitted,
                submissionEntries: submissionEntries,
                completionEntries: completionEntries
            )
        )
    }

    /// Makes a ring whose operations are performed by an engine of another module.
    package convenience init(external engine: any ExternalEngine) {
        self.init(.external(engine))
    }

    private init(_ engine: consuming RingEngine) {
        require(
            MemoryLayout<SubmissionEntry>.stride == 64 && MemoryLayout<CompletionEntry>.stride == 16,
            "entries have the kernel's layout"
        )
        queues = engine.queues
        self.engine = engine
        submissionMask = queues.submissionCapacity - 1
        completionMask = queues.completionCapacity - 1
        unsafe cursor = .allocate(capacity: 1)
        unsafe cursor.initialize(to: Cursor())
    }

    deinit {
        unsafe cursor.deinitialize(count: 1)
        unsafe cursor.deallocate()
    }

    /// What the ring has done so far.
    package var statistics: Statistics { unsafe cursor.pointee.statistics }

    /// The engine that performs the operations.
    package var kind: EngineKind { engine.kind }

    /// Whether completions are posted only within `enter`.
    package var defersTaskWork: Bool { engine.defersTaskWork }

    /// Whether deadlines of `enter` are passed to the kernel as absolute times.
    package var hasAbsoluteDeadlines: Bool { engine.hasAbsoluteDeadlines }

    // MARK: Submitting

    /// Queues a submission for the next `enter`. If the queue is full, submits the queued entries first.
    package func submit(_ entry: SubmissionEntry) throws(RingError) {
        if unsafe cursor.pointee.submissionTail &- submissionHead == queues.submissionCapacity { try makeRoom() }
        unsafe queues.submissions[Int(cursor.pointee.submissionTail & submissionMask)] = entry
        unsafe cursor.pointee.submissionTail &+= 1
    }

    @inline(never)
    private func makeRoom() throws(RingError) {
        try enter(waitFor: 0, deadline: nil)
        while unsafe cursor.pointee.submissionTail &- submissionHead == queues.submissionCapacity {
            // The engine takes nothing while overflowed completions wait for room (EBUSY).
            setCompletionsAside()
            try enter(waitFor: 0, deadline: nil)
        }
    }

    /// Moves the completions out of the queue; `nextCompletion` returns them first.
    private func setCompletionsAside() {
        var completions: [CompletionEntry] = []
        while let completion = nextCompletion() { completions.append(completion) }
        unsafe cursor.pointee.setAside = completions.reversed()
    }

    /// The position up to which the engine has taken submissions.
    private var submissionHead: UInt32 { unsafe eddy_load_acquire(queues.submissionHead) }

    /// Whether the engine has taken every queued submission and no completion waits outside of the queue. If so, every
    /// inline send without a completion in the queue has succeeded.
    package var isDrained: Bool {
        unsafe cursor.pointee.submissionTail == submissionHead && !hasOverflowed
    }

    private var hasOverflowed: Bool {
        unsafe eddy_load_acquire(queues.flags) & UInt32(IORING_SQ_CQ_OVERFLOW) != 0
    }

    /// Submits the queued entries and waits until `count` completions are available, the deadline (nanoseconds of
    /// CLOCK_MONOTONIC) passes, or a signal arrives. With 0 it does not wait.
    package func enter(waitFor count: UInt32, deadline: Instant?) throws(RingError) {
        let tail = unsafe cursor.pointee.submissionTail
        let pending = tail &- submissionHead
        unsafe eddy_store_release(queues.submissionTail, tail)
        if hasOverflowed { unsafe cursor.pointee.statistics.overflows += 1 }
        unsafe cursor.pointee.statistics.enters += 1
        // Completions that were set aside count as available.
        let count = unsafe count - min(count, UInt32(cursor.pointee.setAside.count))
        let result = engine.enter(submit: pending, waitFor: count, deadline: deadline)
        guard result < 0 else {
            unsafe cursor.pointee.statistics.submissions += UInt64(result)
            return
        }
        switch SystemError(-result) {
        case .timerExpired, .interrupted:
            return
        case .busy, .again, .outOfMemory:
            // The engine temporarily lacks room or memory. The loop drains completions, which makes room, and enters
            // again. Queued submissions stay queued.
            return
        case let error:
            throw RingError.system(call: "\(engine.kind)'s enter", error: error)
        }
    }

    // MARK: Completions

    /// Whether there are unread completions.
    package var hasCompletions: Bool {
        unsafe !cursor.pointee.setAside.isEmpty
            || cursor.pointee.completionHead != eddy_load_acquire(queues.completionTail) || hasOverflowed
    }

    /// Removes and returns the next completion; nil if the queue is empty.
    package func nextCompletion() -> CompletionEntry? {
        if unsafe !cursor.pointee.setAside.isEmpty { return unsafe cursor.pointee.setAside.popLast() }
        let head = unsafe cursor.pointee.completionHead
        guard unsafe head != eddy_load_acquire(queues.completionTail) else { return nil }
        let completion = unsafe queues.completions[Int(head & completionMask)]
        unsafe cursor.pointee.completionHead = head &+ 1
        unsafe cursor.pointee.statistics.completions += 1
        unsafe eddy_store_release(queues.completionHead, head &+ 1)
        return completion
    }

    /// Descriptions of an external engine's operations whose last completion has not been posted to the queue.
    package var operationsInFlight: [String] {
        switch engine {
        case .external(let engine): engine.operationsInFlight
        case .kernel: []
        case .epoll: []
        }
    }
}
