internal import EddyRing
internal import EddySystem

/// The threads of a group during its start: either all run, or all have ended.
struct StartedLoops {
    private(set) var loops: [EventLoop] = []
    private(set) var threads: [SystemThread] = []
    private(set) var watchdog: StallDetectorThread?

    /// Starts `count` loops on their own threads, and the watchdog.
    ///
    /// - Throws: ``RingError``; the caller must call ``end()`` then.
    mutating func start(_ count: Int, configuration: EventLoop.Configuration, plan: RingPlan) throws(RingError) {
        let signal = StallDetectorSignal()
        for number in 0..<count {
            let (thread, loop) = try SystemThread.start(
                name: "eddy-loop-\(number)",
                make: { () throws(RingError) in
                    if configuration.isPinned { try Processors.pinCurrentThread(toUsable: number) }
                    return try EventLoop(configuration: configuration, plan: plan, signal: signal)
                },
                run: { $0.run() }
            )
            threads.append(thread)
            loops.append(loop)
        }
        watchdog = try configuration.watchdog.map { watchdog throws(RingError) in
            try StallDetectorThread(watchdog, heartbeats: loops.compactMap(\.heartbeat), signal: signal)
        }
    }

    /// Ends the loops that were started, and frees their rings.
    ///
    /// - Returns: the number of loops, and the number of bytes that they had registered as fixed buffers.
    mutating func end() -> (loops: Int, pinnedBytes: Int) {
        for loop in loops { _ = loop.inbox.post(.work { [loop] in loop.stop() }) }
        for thread in threads { thread.join() }
        // The threads have ended, so their state can be read here.
        let pinnedBytes = loops.reduce(0) { $0 + $1.driver.registeredBytes }
        defer { self = StartedLoops() }
        return (loops.count, pinnedBytes)
    }
}
