internal import EddyRing

/// One loop's listening socket: a multishot accept, the connections that wait for their handler, and the way out.
///
/// Loop thread only, like everything of a loop.
final class Listener: @unchecked Sendable {
    let loop: EventLoop
    private let index: UInt32
    private let descriptor: Int32
    private var isArmed = false
    private var ownsSocket = true
    private var phase = Phase.accepting
    /// When the grace ends (nanoseconds of CLOCK_MONOTONIC), once the listener is shut down.
    private var graceDeadline = UInt64.max
    private var graceTimer = TimerHandle.none
    /// Accepted, handler not started yet.
    private let accepted = SlotQueue()
    /// How many of them have no task yet.
    private var unserved = 0
    /// Connections accepted here and not closed yet.
    private var openConnections = 0
    /// The task that starts handlers, while it waits for a connection or for the last one to close.
    private var waiter: Suspension?

    private enum Phase {
        case accepting
        /// No further connections; those that are there may finish.
        case draining
        /// The grace is over: what was left has been reset.
        case expired
    }

    /// Takes over a listening socket. It accepts once ``arm()`` is called.
    init(loop: EventLoop, descriptor: Int32) {
        self.loop = loop
        self.descriptor = descriptor
        let free = loop.listeners.firstIndex { $0 == nil } ?? loop.listeners.count
        index = UInt32(free)
        if free == loop.listeners.count { loop.listeners.append(nil) }
        loop.listeners[free] = self
    }

    // MARK: Accepting

    /// Submits the accept, which goes on by itself until it fails.
    func arm() {
        guard !isArmed, phase == .accepting else { return }
        isArmed = true
        loop.submit(.acceptMultishot(descriptor: descriptor, token: token))
    }

    private var token: OperationToken { OperationToken(kind: OperationKind.accept.rawValue, index: index) }

    /// A connection came, or accepting failed.
    func accepted(_ completion: CompletionEntry) {
        if completion.isLast { isArmed = false }
        if let error = completion.error {
            acceptFailed(error)
        } else {
            admit(completion.result)
            arm()
        }
        leaveIfDone()
    }

    private func acceptFailed(_ error: SystemError) {
        switch error {
        case .cancelled: break
        case .connectionAborted, .interrupted, .again:
            // The peer was gone before it was accepted (accept(2), "Error handling"), or the like.
            arm()
        default:
            // Out of descriptors or memory, most likely. Trying again at once would fail at once, for ever. The backlog
            // keeps the peers until a connection closes, or for a moment.
            loop.counters.acceptPauses += 1
            loop.timers.schedule(.resumeAccepting(listener: index), at: MonotonicClock.now + Self.pause)
        }
    }

    private static let pause: UInt64 = 100_000_000

    private func admit(_ descriptor: Int32) {
        guard phase == .accepting, let slot = loop.connections.occupy(descriptor: descriptor, phase: .open) else {
            loop.counters.connectionsRefused += 1
            Socket.close(descriptor)
            return
        }
        loop.counters.connectionsAccepted += 1
        openConnections += 1
        loop.connections[slot].listener = index
        loop.applyTimeouts(slot)
        accepted.append(slot)
        unserved += 1
        resumeWaiter()
    }

    private func resumeWaiter() {
        guard let waiter else { return }
        self.waiter = nil
        waiter.resume()
    }

    /// Waits for a connection that has no task yet; false when the listener has been shut down. The caller starts a
    /// task, which takes a connection.
    func nextConnection() async -> Bool {
        while unserved == 0 {
            guard phase == .accepting else { return false }
            await Suspension.suspend { waiter = $0 }
        }
        unserved -= 1
        return true
    }

    /// The slot of the connection that was accepted first; its task owns it from now on.
    func takeConnection() -> UInt32? { accepted.popFirst() }

    // MARK: Shutting down

    /// Stops accepting. Connections may finish within `grace`; those that have not are reset then.
    func shutDown(grace: Duration) {
        if phase == .accepting {
            phase = .draining
            if isArmed { loop.submit(.cancel(token, token: OperationToken(kind: OperationKind.cancel.rawValue))) }
            leaveIfDone()
            resumeWaiter()
        }
        guard phase == .draining else { return }
        guard grace > .zero else { return endGrace() }
        graceDeadline = min(graceDeadline, MonotonicClock.now.advanced(by: grace))
        loop.timers.cancel(graceTimer)
        graceTimer = loop.timers.schedule(.graceEnded(listener: index), at: graceDeadline)
    }

    func graceTimerFired() { endGrace() }

    /// Resets every connection that is still there.
    private func endGrace() {
        guard phase == .draining else { return }
        phase = .expired
        loop.connections.forEachOccupied { slot in
            guard loop.connections[slot].listener == index else { return }
            loop.reset(slot, failure: ConnectionError.shutDownCode)
        }
        resumeWaiter()
    }

    /// Waits for the last connection to close, or for the end of the grace.
    ///
    /// - Returns: whether all connections finished in time.
    func drained() async -> Bool {
        while phase == .draining, openConnections > 0 {
            await Suspension.suspend { waiter = $0 }
        }
        return openConnections == 0
    }

    /// Waits until no connection and no operation is left, whatever it takes.
    func closed() async {
        while openConnections > 0 || ownsSocket {
            await Suspension.suspend { waiter = $0 }
        }
    }

    func connectionClosed() {
        openConnections -= 1
        // A descriptor is free again.
        arm()
        leaveIfDone()
        if phase != .accepting { resumeWaiter() }
    }

    /// Closes the socket after the accept's last completion, never before; leaves the loop with the last connection.
    private func leaveIfDone() {
        guard phase != .accepting, !isArmed else { return }
        if ownsSocket {
            ownsSocket = false
            Socket.close(descriptor)
            resumeWaiter()
        }
        if openConnections == 0 {
            loop.timers.cancel(graceTimer)
            loop.listeners[Int(index)] = nil
        }
    }
}
