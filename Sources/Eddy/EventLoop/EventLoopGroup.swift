internal import EddyBuffers
public import EddyRing
internal import EddySystem
internal import Synchronization

/// Several event loops, one per core by default.
///
/// The threads run from initialization until `shutDown()`.
public final class EventLoopGroup: Sendable {
    /// The loops, at least one, in the order of their thread numbers.
    public let loops: [EventLoop]
    /// The engine of all loops, and the features that it lacks.
    public let engine: EngineChoice
    /// The kernel features that the loops use.
    package let features: RingFeatures
    /// Entries of each loop's submission queue.
    package let submissionEntries: UInt32
    /// Threads that have not been joined.
    private let threads: Mutex<[SystemThread]>
    /// Watches the loops until their threads have ended.
    private let watchdog: StallDetectorThread?
    private let turn = Atomic<Int>(0)

    /// The number of processors that this process may use (sched_getaffinity(2)), limited to its container's processor
    /// quota (cgroups(7)), rounded up; at least 1.
    public static var processorCount: Int {
        processorCount(usable: Processors.usableCount, quota: ControlGroup.current.processors)
    }

    static func processorCount(usable: Int, quota: Double?) -> Int {
        guard let quota, quota < Double(usable) else { return usable }
        return max(1, Int(quota.rounded(.up)))
    }

    /// Starts the loops' threads and sets up a ring and a pool on each.
    ///
    /// If the limit of locked memory is too low for all rings, all loops get smaller rings or run on epoll; see
    /// ``engine``.
    ///
    /// - Parameters:
    ///   - count: the number of loops; one per processor by default.
    ///   - configuration: the configuration of each loop.
    /// - Throws: `RingError` if a loop cannot be created; all started threads have ended then.
    /// - Precondition: `count` is at least 1.
    public convenience init(
        count: Int = EventLoopGroup.processorCount,
        configuration: EventLoop.Configuration = .init()
    ) throws(RingError) {
        try self.init(count: count, configuration: configuration, plan: .preferred())
    }

    /// Starts loops that use only the given kernel features.
    convenience init(
        count: Int,
        configuration: EventLoop.Configuration,
        features: RingFeatures
    ) throws(RingError) {
        try self.init(count: count, configuration: configuration, plan: .preferred(permitted: features))
    }

    private init(count: Int, configuration: EventLoop.Configuration, plan: RingPlan) throws(RingError) {
        require(count > 0, "a group has at least one event loop")
        var plan = plan
        var started = StartedLoops()
        while true {
            do throws(RingError) {
                try started.start(count, configuration: configuration, plan: plan)
                break
            } catch {
                let (made, pinnedBytes) = started.end()
                guard case .lockedMemoryLimit = error,
                    let next = try plan.reduced(after: made, of: count, pinnedBytes: pinnedBytes)
                else { throw error }
                plan = next
            }
        }
        engine = plan.choice
        features = plan.features
        submissionEntries = plan.size.submissionEntries
        loops = started.loops
        threads = Mutex(started.threads)
        watchdog = started.watchdog
    }

    /// Creates a group of one loop that the caller runs and ends.
    package init(running loop: EventLoop) {
        engine = .simulated
        features = loop.features
        submissionEntries = RingSize.standard.submissionEntries
        loops = [loop]
        threads = Mutex([])
        watchdog = nil
    }

    /// Returns the loops in turn. Callable on any thread.
    public func next() -> EventLoop {
        let turn = turn.wrappingAdd(1, ordering: .relaxed).oldValue
        return loops[turn % loops.count]
    }

    /// The sum of the loops' statistics. Callable on any thread.
    ///
    /// - Precondition: the loops have not ended.
    public func statistics() async -> EventLoop.Statistics {
        var sum = EventLoop.Statistics()
        for loop in loops { sum = sum + (await loop.statistics()) }
        return sum
    }

    /// Ends the loops and waits for their threads, which blocks the calling one; in an asynchronous function the other
    /// `shutDown` is called. Remaining connections are reset.
    ///
    /// Call it when no task prefers one of the loops any more. A second call only waits for the first.
    ///
    /// - Precondition: not on a thread of one of the loops.
    public func shutDown() {
        requireOtherThread()
        threads.withLock { threads in
            guard !threads.isEmpty else { return }
            for loop in loops { _ = loop.inbox.post(.work { loop.stop() }) }
            for thread in threads { thread.join() }
            threads = []
            watchdog?.stop()
        }
    }

    /// Ends the loops and waits for their threads, without blocking one. Remaining connections are reset.
    ///
    /// Call it when no task prefers one of the loops any more. A second call only waits for the first.
    ///
    /// - Precondition: not on a thread of one of the loops.
    public func shutDown() async {
        requireOtherThread()
        // The thread drops the group before it resumes the caller. When this returns, the caller has the only
        // reference, and dropping it closes the descriptors.
        let group = Mutex<EventLoopGroup?>(self)
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            do {
                try SystemThread.start(
                    name: "eddy-finish",
                    make: { () throws(RingError) in },
                    run: {
                        group.withLock { group in
                            group?.shutDown()
                            group = nil
                        }
                        continuation.resume()
                    }
                ).0.detach()
            } catch {
                // No thread can be started: block this one instead.
                shutDown()
                continuation.resume()
            }
        }
    }

    private func requireOtherThread() {
        require(!loops.contains(where: \.isCurrent), "an event loop cannot wait for its own end")
    }
}
