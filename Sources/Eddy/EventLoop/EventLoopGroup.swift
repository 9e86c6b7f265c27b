internal import EddyBuffers
public import EddyRing
internal import EddySystem
internal import Synchronization

/// Several event loops, one a core unless told otherwise.
///
/// Its threads run from the start until ``shutDown()``.
public final class EventLoopGroup: Sendable {
    /// The loops, at least one, in the order of their threads' numbers.
    public let loops: [EventLoop]
    /// What performs the loops' operations, the same for all of them, and what it has to do without.
    public let engine: EngineChoice
    /// What the loops use of the system.
    package let features: RingFeatures
    /// Entries of each loop's submission queue.
    package let submissionEntries: UInt32
    /// Threads that nobody has waited for yet.
    private let threads: Mutex<[SystemThread]>
    /// Watches the loops until their threads have ended.
    private let watchdog: WatchdogThread?
    private let turn = Atomic<Int>(0)

    /// The number of processors that this process may use (sched_getaffinity(2)), and no more than its container has the
    /// time of (cgroups(7)), rounded up; at least 1.
    public static var processorCount: Int {
        processorCount(usable: Processors.usableCount, quota: ControlGroup.current.processors)
    }

    static func processorCount(usable: Int, quota: Double?) -> Int {
        guard let quota, quota < Double(usable) else { return usable }
        return max(1, Int(quota.rounded(.up)))
    }

    /// Starts the loops' threads and sets up a ring and a pool on each.
    ///
    /// Where the limit of locked memory is too low for all rings, those of all loops are smaller, or all loops run on
    /// epoll: ``engine`` says so.
    ///
    /// - Parameters:
    ///   - count: the number of loops; one a processor by default.
    ///   - configuration: of each loop.
    /// - Throws: `RingError` if a loop cannot be made; no thread is left then.
    /// - Precondition: `count` is at least 1.
    public convenience init(
        count: Int = EventLoopGroup.processorCount,
        configuration: EventLoop.Configuration = .init()
    ) throws(RingError) {
        try self.init(count: count, configuration: configuration, plan: .preferred())
    }

    /// Starts loops that use the given features of the kernel, and no others.
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

    /// A group of a loop that somebody else runs, and ends.
    package init(running loop: EventLoop) {
        engine = .simulated
        features = loop.features
        submissionEntries = RingSize.standard.submissionEntries
        loops = [loop]
        threads = Mutex([])
        watchdog = nil
    }

    /// The loops in turn. Any thread.
    public func next() -> EventLoop {
        let turn = turn.wrappingAdd(1, ordering: .relaxed).oldValue
        return loops[turn % loops.count]
    }

    /// The loops' figures, added up. Any thread.
    ///
    /// - Precondition: the loops have not ended.
    public func statistics() async -> EventLoop.Statistics {
        var sum = EventLoop.Statistics()
        for loop in loops { sum = sum + (await loop.statistics()) }
        return sum
    }

    /// Ends the loops and waits for their threads. Connections that are left are reset.
    ///
    /// Call it when no task prefers one of the loops any more. A second call does nothing but wait for the first.
    ///
    /// - Precondition: not on a thread of one of the loops.
    public func shutDown() {
        requireOtherThread()
        threads.withLock { threads in
            guard !threads.isEmpty else { return }
            for loop in loops { _ = loop.mailbox.post(.work { loop.stop() }) }
            for thread in threads { thread.join() }
            threads = []
            watchdog?.stop()
        }
    }

    /// Ends the loops as ``shutDown()`` does, and holds no thread up while it waits.
    ///
    /// - Precondition: not on a thread of one of the loops.
    public func finish() async {
        requireOtherThread()
        // The thread lets go of the group before it says so: when this returns, the group is its owner's alone, and its
        // descriptors are closed when that one drops it.
        let group = Mutex<EventLoopGroup?>(self)
        await withCheckedContinuation { continuation in
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
                // No thread is to be had: better to hold one up.
                shutDown()
                continuation.resume()
            }
        }
    }

    private func requireOtherThread() {
        require(!loops.contains(where: \.isCurrent), "an event loop cannot wait for its own end")
    }
}
