extension EventLoop {
    /// Fires the timers that were due when this iteration began.
    func fireTimers() {
        guard let deadline = driver.timers.nextDeadline, deadline <= driver.time.value else { return }
        let now = driver.time.value
        while let event = driver.timers.popDue(at: now) { fire(event) }
    }

    private func fire(_ event: TimerEvent) {
        switch event {
        case .sleep(let sleeper): sleeper.resume()
        case .connection(let id): driver.connectionTimerFired(id)
        case .delivery(let id): driver.checkDelivery(id)
        case .connectDue(let connector): connectors[connector]?.timerFired()
        case .resumeAccepting(let listener): listeners[listener]?.arm()
        case .graceEnded(let listener): listeners[listener]?.endGrace()
        case .watchUnread: driver.checkUnread()
        case .starvationTimedOut: driver.starvationTimedOut()
        case .vacant: unreachable("a vacant place has no timer")
        }
    }
}
