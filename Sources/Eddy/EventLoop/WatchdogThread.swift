internal import EddyRing

/// The thread that watches a group's loops: what it sees is in a ``Watch``, when it sleeps is up to the
/// ``WatchdogBell``.
struct WatchdogThread: Sendable {
    private let thread: SystemThread
    private let bell: WatchdogBell

    init(_ watchdog: EventLoop.Watchdog, pulses: [JobPulse], bell: WatchdogBell) throws(RingError) {
        (thread, _) = try SystemThread.start(
            name: "eddy-watchdog",
            make: { () throws(RingError) in Watch(watchdog, pulses: pulses) },
            run: { bell.keep($0) }
        )
        self.bell = bell
    }

    /// Ends the thread and waits for it.
    func stop() {
        bell.stop()
        thread.join()
    }
}
