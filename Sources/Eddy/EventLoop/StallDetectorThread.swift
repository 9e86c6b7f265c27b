internal import EddyRing

/// The thread that runs a group's ``StallDetector``; the ``StallDetectorSignal`` decides when it sleeps.
struct StallDetectorThread: Sendable {
    private let thread: SystemThread
    private let signal: StallDetectorSignal

    init(
        _ watchdog: EventLoop.Watchdog,
        heartbeats: [Heartbeat],
        signal: StallDetectorSignal
    ) throws(RingError) {
        (thread, _) = try SystemThread.start(
            name: "eddy-watchdog",
            make: { () throws(RingError) in StallDetector(watchdog, heartbeats: heartbeats) },
            run: { signal.run($0) }
        )
        self.signal = signal
    }

    /// Ends the thread and waits for it.
    func stop() {
        signal.stop()
        thread.join()
    }
}
