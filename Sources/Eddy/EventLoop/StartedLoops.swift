internal import EddyRing
internal import EddySystem

/// The threads of a group while it starts: all of them run, or all have ended.
struct StartedLoops {
    private(set) var loops: [EventLoop] = []
    private(set) var threads: [SystemThread] = []
    private(set) var watchdog: WatchdogThread?

    /// Starts `count` loops on threads of their own, and what watches them.
    ///
    /// - Throws: ``RingError``; call ``end()`` then.
    mutating func start(_ count: Int, configuration: EventLoop.Configuration, plan: RingPlan) throws(RingError) {
        let bell = WatchdogBell()
        for number in 0..<count {
            let (thread, loop) = try SystemThread.start(
                name: "eddy-loop-\(number)",
                make: { () throws(RingError) in
                    if configuration.isPinned { try Processors.pinCurrentThread(toUsable: number) }
                    return try EventLoop(configuration: configuration, plan: plan, bell: bell)
                },
                run: { $0.run() }
            )
            threads.append(thread)
            loops.append(loop)
        }
        watchdog = try configuration.watchdog.map { watchdog throws(RingError) in
            try WatchdogThread(watchdog, pulses: loops.compactMap(\.pulse), bell: bell)
        }
    }

    /// Ends the loops that were started, and frees their rings.
    ///
    /// - Returns: how many there were, and the bytes that they had registered as fixed buffers.
    mutating func end() -> (loops: Int, pinnedBytes: Int) {
        for loop in loops { _ = loop.mailbox.post(.work { [loop] in loop.stop() }) }
        for thread in threads { thread.join() }
        // Their threads have ended, so what belonged to those can be read here.
        let pinnedBytes = loops.reduce(0) { $0 + $1.driver.registeredBytes }
        defer { self = StartedLoops() }
        return (loops.count, pinnedBytes)
    }
}
