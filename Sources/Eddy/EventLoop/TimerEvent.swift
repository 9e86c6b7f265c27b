/// What a timer brings about when it is due.
enum TimerEvent {
    /// A task that sleeps goes on.
    case sleep(Waiter)
    /// A connection has had its time, or looks whether it has.
    case connection(ConnectionID)
    /// A connection that is to be reset looks whether its peer has received everything.
    case delivery(ConnectionID)
    /// A connection that is being made has had its time, or tries its next address.
    case connectDue(ConnectorID)
    /// A listener that ran out of descriptors tries again.
    case resumeAccepting(ListenerID)
    /// The grace of a listener that was shut down is over.
    case graceEnded(ListenerID)
    /// Connections from which nothing is being received are looked at.
    case watchUnread
    /// Receives have waited for memory for too long.
    case starvationTimedOut
    /// No timer: the link to the next vacant place; see ``TimerNode``.
    case vacant(next: VacantSlot)
}
