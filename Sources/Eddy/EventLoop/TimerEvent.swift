/// The action of a timer.
enum TimerEvent {
    /// Resumes a sleeping task.
    case sleep(Waiter)
    /// Checks the timeouts of a connection.
    case connection(ConnectionID)
    /// Checks whether the peer of a connection that is to be reset has received everything.
    case delivery(ConnectionID)
    /// Ends a connection attempt that has timed out, or tries the next address.
    case connectDue(ConnectorID)
    /// Resumes a listener that ran out of descriptors.
    case resumeAccepting(ListenerID)
    /// Ends the grace period of a listener that was shut down.
    case graceEnded(ListenerID)
    /// Checks connections that are not being received from.
    case watchUnread
    /// Receives have waited for memory for too long.
    case starvationTimedOut
    /// Not a timer: the link to the next vacant slot; see ``TimerNode``.
    case vacant(next: VacantSlot)
}
