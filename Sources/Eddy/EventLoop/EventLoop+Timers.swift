internal import EddyRing

extension EventLoop {
    /// Nanoseconds of CLOCK_MONOTONIC, or of a simulation's clock.
    var now: UInt64 { ring.now }

    /// Brings the loop's time up to now.
    ///
    /// The loop looks at the clock once an iteration, and only while it has a timer; what happens in the iteration
    /// happens at that time.
    @discardableResult
    func updateTime() -> UInt64 {
        time.value = now
        return time.value
    }

    /// Fires the timers that were due when this iteration began.
    func fireTimers() {
        guard let deadline = timers.nextDeadline, deadline <= time.value else { return }
        let now = time.value
        while let event = timers.popDue(at: now) { fire(event) }
    }

    private func fire(_ event: TimerEvent) {
        switch event {
        case .sleep(let sleeper): sleeper.resume()
        case .connection(let id): connectionTimerFired(id)
        case .delivery(let id): checkDelivery(id)
        case .connectDue(let connector): connectors[connector]?.timerFired()
        case .resumeAccepting(let listener): listeners[listener]?.arm()
        case .graceEnded(let listener): listeners[listener]?.endGrace()
        case .watchUnread: lookAtUnread()
        case .starvationTimedOut: starvationTimedOut()
        case .vacant: unreachable("a vacant place has no timer")
        }
    }
}
