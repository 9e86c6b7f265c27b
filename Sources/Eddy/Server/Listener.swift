internal import EddyRing
internal import EddySystem
internal import Synchronization

/// One loop's part of a server: a multishot accept, the connections that wait for their handler, and the way out.
///
/// A listener without a socket serves what another one hands over to it. Loop thread only, like everything of a loop,
/// but for ``load``.
final class Listener: @unchecked Sendable {
    let loop: EventLoop
    /// Where the server listens.
    let address: SocketAddress
    private let id: ListenerID
    private let onIncident: (@Sendable (TCPServer.Incident) -> Void)?
    private let descriptor: Int32?
    private let admission: Admission
    private var isArmed = false
    /// Whether the accept that is armed goes on by itself.
    private var isMultishot = false
    private var ownsSocket: Bool
    private var phase = Phase.accepting
    /// The server is at its limit: nothing is accepted until there is room.
    private var isPaused = false
    /// Accepted by the kernel before it heard of the pause.
    private(set) var parked: [Int32] = []
    /// To whom connections go, if not to this listener alone.
    private var handover: Handover?
    private let loadStorage = Atomic<Int>(0)
    /// When the grace ends (nanoseconds of CLOCK_MONOTONIC), once the listener is shut down.
    private var graceDeadline = UInt64.max
    private var graceTimer: TimerID?
    /// How far the ending of relays is, once the grace is over.
    private var relayEnding = RelayEnding.notBegun
    /// Runs while accepting pauses for lack of descriptors or memory.
    private var pauseTimer: TimerID?
    /// Accepted, handler not started yet.
    private let accepted = LoopQueue<ConnectionID>()
    /// How many of them have no task yet.
    private var unserved = 0
    /// Connections accepted here and not closed yet.
    private var openConnections = 0
    /// The task that starts handlers, while it waits for a connection or for the last one to close.
    private var waiter: Waiter?

    private enum RelayEnding {
        case notBegun
        /// Relays in which nothing was under way are looked at again.
        case marked([ConnectionID: RelayMark])
        /// Those in which nothing was under way then, either, are being ended in order.
        case ending
    }

    private enum Phase {
        case accepting
        /// No further connections; those that are there may finish.
        case draining
        /// The grace is over: what was left has been reset.
        case expired
    }

    /// Takes over a listening socket, if there is one. It accepts once ``accept(handingOverBy:)`` is called.
    init(
        loop: EventLoop,
        descriptor: Int32?,
        address: SocketAddress,
        admission: Admission,
        onIncident: (@Sendable (TCPServer.Incident) -> Void)?,
        handlerLocation: String
    ) {
        self.loop = loop
        self.address = address
        self.onIncident = onIncident
        self.descriptor = descriptor
        self.admission = admission
        ownsSocket = descriptor != nil
        id = loop.listeners.vacantID
        loop.listeners[id] = self
        loop.pulse?.setHandler(handlerLocation, listener: id)
    }

    /// Whether it accepts, and does not only serve what it is given. Any thread.
    var hasSocket: Bool { descriptor != nil }

    // MARK: Accepting

    /// Begins to accept. The connections are served here, or by whom the handover chooses.
    func accept(handingOverBy handover: Handover? = nil) {
        guard phase == .accepting else { return }
        self.handover = handover
        arm()
    }

    /// Submits the accept, which goes on by itself until it fails.
    func arm() {
        guard let descriptor, !isArmed, !isPaused, phase == .accepting else { return }
        isArmed = true
        isMultishot = !admission.isNearlyFull
        loop.driver.submit(
            isMultishot
                ? .acceptMultishot(descriptor: descriptor, token: token)
                : .acceptOnce(descriptor: descriptor, token: token)
        )
    }

    private var token: OperationToken { OperationToken(.accept, id) }

    /// A connection came, or accepting failed.
    func accepted(_ completion: CompletionEntry) {
        if completion.isLast { isArmed = false }
        if let error = completion.error {
            acceptFailed(error)
        } else {
            take(completion.result)
            arm()
        }
        leaveIfDone()
    }

    /// What each error number of accept(2) means for the listener, which goes on in any case.
    private func acceptFailed(_ error: SystemError) {
        switch error {
        case .cancelled, .connectionAborted, .interrupted, .notPermitted, .protocolError, .noProtocolOption,
            .networkDown, .networkUnreachable, .noNetwork, .hostDown, .hostUnreachable:
            // The peer was gone before it was accepted, a firewall forbids it, or a pause ended before its cancellation
            // was done (accept(2), "Error handling").
            arm()
        default:
            // Out of descriptors or memory, most likely (EMFILE, ENFILE, ENOBUFS, ENOMEM). Trying again at once would
            // fail at once, for ever. The backlog keeps the peers until a connection closes, or for a moment.
            loop.driver.counters.acceptPauses += 1
            onIncident?(.pausedBySystem(error))
            loop.driver.timers.cancel(pauseTimer)
            pauseTimer = loop.driver.timers.schedule(.resumeAccepting(id), at: loop.now + Self.pause)
        }
    }

    private static let pause: UInt64 = 100_000_000

    /// Has a connection that the kernel has accepted served, if the server's limit allows.
    private func take(_ descriptor: Int32) {
        guard phase == .accepting else { return refuse(descriptor) }
        if parked.isEmpty, admission.enter() {
            dispatch(descriptor)
            if admission.isFull, admission.policy == .pause {
                pauseAccepting()
            } else if isMultishot, admission.isNearlyFull {
                // It is armed again when it has ended, for one connection at a time.
                isMultishot = false
                cancelAccept()
            }
        } else if admission.policy == .pause {
            parked.append(descriptor)
            pauseAccepting()
        } else {
            refuse(descriptor)
        }
    }

    private func refuse(_ descriptor: Int32) {
        loop.driver.counters.connectionsRefused += 1
        if phase == .accepting { onIncident?(.connectionRefused) }
        loop.ring.close(descriptor)
    }

    /// Gives the connection to the listener that serves it.
    private func dispatch(_ descriptor: Int32) {
        let server = handover?.next() ?? self
        server.loadStorage.add(1, ordering: .relaxed)
        guard server !== self else { return admit(descriptor) }
        guard server.loop.mailbox.post(.work { server.admit(descriptor) }) else {
            // The loop has ended.
            admission.leave()
            return refuse(descriptor)
        }
    }

    /// Serves the connection here. It counts against the limit already.
    private func admit(_ descriptor: Int32) {
        guard phase == .accepting, let connection = loop.driver.open(descriptor: descriptor, phase: .open) else {
            loadStorage.subtract(1, ordering: .relaxed)
            admission.leave()
            return refuse(descriptor)
        }
        loop.driver.counters.connectionsAccepted += 1
        openConnections += 1
        loop.driver.connections[connection].listener = id
        if address.isUnix { loop.driver.receiveSingly(connection) }
        loop.driver.applyTimeouts(connection)
        accepted.append(connection)
        unserved += 1
        resumeWaiter()
    }

    /// Connections that were given to this listener and are not closed yet. Any thread.
    var load: Int { loadStorage.load(ordering: .relaxed) }

    // MARK: The limit

    private func pauseAccepting() {
        guard !isPaused else { return }
        isPaused = true
        loop.driver.counters.acceptPauses += 1
        onIncident?(.pausedAtLimit(admission.limit))
        cancelAccept()
        admission.awaitRoom(for: self)
    }

    /// There may be room.
    func resumeAccepting() {
        guard isPaused, phase == .accepting else { return }
        var served = 0
        while served < parked.count, admission.enter() {
            dispatch(parked[served])
            served += 1
        }
        parked.removeFirst(served)
        guard parked.isEmpty, !admission.isFull else { return admission.awaitRoom(for: self) }
        isPaused = false
        arm()
    }

    private func cancelAccept() {
        if isArmed { loop.driver.submit(.cancel(token, token: OperationToken(.cancel))) }
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
            await Waiter.suspend { waiter = $0 }
        }
        unserved -= 1
        return true
    }

    /// The slot of the connection that was accepted first; its task owns it from now on.
    func takeConnection() -> ConnectionID? { accepted.popFirst() }

    // MARK: Shutting down

    /// Stops accepting. Connections may finish within `grace`; those that have not are reset then.
    func shutDown(grace: Duration) {
        if phase == .accepting {
            phase = .draining
            cancelAccept()
            for descriptor in parked { refuse(descriptor) }
            parked = []
            drainConnections()
            leaveIfDone()
            resumeWaiter()
        }
        // One that has left the loop keeps its phase; its number may be another's.
        guard phase == .draining, loop.listeners[id] === self else { return }
        guard grace > .zero else { return endGrace(atOnce: true) }
        // The grace is over already, and relays have their moments.
        guard case .notBegun = relayEnding else { return }
        graceDeadline = min(graceDeadline, loop.now.advanced(by: grace))
        loop.driver.timers.cancel(graceTimer)
        graceTimer = loop.driver.timers.schedule(.graceEnded(id), at: graceDeadline)
    }

    /// Handlers that wait for a message need not wait any more.
    private func drainConnections() {
        loop.driver.connections.forEachConnection { connection in
            guard loop.driver.connections[connection].listener == id, !loop.driver.connections[connection].isRelaying
            else { return }
            loop.driver.drain(connection)
        }
    }

    /// Resets every connection that is still there and has not everything. Where there was a grace, relays in which nothing is under way end in
    /// order, and have two more moments for it:
    ///
    ///     grace ends                    + 250 ms                          + 500 ms
    ///     nothing is under way: mark    the same mark: both sides end     what is left is reset
    ///     else: reset                   else: reset
    ///
    /// A relay does not know where messages end, so silence is what tells that none is under way.
    func endGrace(atOnce: Bool = false) {
        guard phase == .draining else { return }
        let before = relayEnding
        var (marks, ending): ([ConnectionID: RelayMark], [ConnectionID]) = ([:], [])
        loop.driver.connections.forEachConnection { connection in
            guard loop.driver.connections[connection].listener == id else { return }
            switch (atOnce ? nil : loop.driver.markIdleRelay(connection), before) {
            case (let mark?, .notBegun):
                marks[connection] = mark
            case (let mark?, .marked(let earlier)) where earlier[connection] == mark:
                ending.append(connection)
            default:
                if !loop.driver.endIfDelivered(connection) {
                    loop.driver.reset(connection, failure: ConnectionError.shutDownCode)
                }
            }
        }
        for connection in ending { loop.driver.endRelay(connection) }
        relayEnding = if case .notBegun = before { .marked(marks) } else { .ending }
        if !ending.isEmpty || !marks.isEmpty {
            loop.driver.timers.cancel(graceTimer)
            graceTimer = loop.driver.timers.schedule(.graceEnded(id), at: loop.now + Self.momentForRelays)
        } else {
            phase = .expired
            resumeWaiter()
        }
    }

    private static let momentForRelays: UInt64 = 250_000_000

    /// Waits for the last connection to close, or for the end of the grace.
    ///
    /// - Returns: whether all connections finished in time.
    func drained() async -> Bool {
        while phase == .draining, openConnections > 0 {
            await Waiter.suspend { waiter = $0 }
        }
        return openConnections == 0
    }

    /// Waits until no connection and no operation is left, whatever it takes.
    func closed() async {
        while openConnections > 0 || ownsSocket {
            await Waiter.suspend { waiter = $0 }
        }
    }

    func connectionClosed() {
        openConnections -= 1
        loadStorage.subtract(1, ordering: .relaxed)
        admission.leave()
        // A descriptor is free again.
        arm()
        leaveIfDone()
        if phase != .accepting { resumeWaiter() }
    }

    /// Closes the socket after the accept's last completion, never before; leaves the loop with the last connection.
    private func leaveIfDone() {
        guard phase != .accepting, !isArmed else { return }
        loop.driver.timers.cancel(pauseTimer)
        // The listeners that it handed over to know it in turn.
        handover = nil
        if ownsSocket, let descriptor {
            ownsSocket = false
            loop.ring.close(descriptor)
            resumeWaiter()
        }
        if openConnections == 0 {
            loop.driver.timers.cancel(graceTimer)
            loop.listeners[id] = nil
            loop.pulse?.setHandler(nil, listener: id)
        }
    }
}
