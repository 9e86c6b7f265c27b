internal import EddyRing
internal import EddySystem
internal import Synchronization

typealias ListenerID = PlainID<Listener>

/// One loop's part of a server: a multishot accept, the connections that wait for their handlers, and the shutdown.
///
/// A listener without a socket serves the connections that another listener distributes to it. Loop thread only, except
/// ``load``.
final class Listener: ConnectionCallback, @unchecked Sendable {
    let loop: EventLoop
    /// The address that the server listens on.
    let address: SocketAddress
    private let id: ListenerID
    private let onIncident: (@Sendable (TCPServer.Incident) -> Void)?
    private let descriptor: Int32?
    private let limiter: ConnectionLimiter
    private var isArmed = false
    /// Whether the armed accept is multishot.
    private var isMultishot = false
    private var ownsSocket: Bool
    private var phase = Phase.accepting
    /// Whether the server is at its limit: no connection is accepted until there is room.
    private var isPaused = false
    /// Connections that the kernel accepted before the pause took effect.
    private(set) var parked: [Int32] = []
    /// Distributes connections among listeners; nil: this one serves all.
    private var distributor: ConnectionDistributor?
    private let loadStorage = Atomic<Int>(0)
    /// When the grace ends, once the listener is shut down.
    private var graceDeadline = Instant.distantFuture
    private var graceTimer: TimerID?
    /// The progress of ending relays, once the grace is over.
    private var relayEnding = RelayEnding.notBegun
    /// Runs while accepting pauses for lack of descriptors or memory.
    private var pauseTimer: TimerID?
    /// Accepted connections that wait for their tasks.
    private let unstarted = LoopQueue<ConnectionID>()
    /// Handlers that have started and not returned.
    private var runningHandlers = 0
    private let handlerStart: TCPServer.Options.HandlerStart
    /// The number of accepted connections without a handler whose peers have sent nothing.
    private var silentConnections = 0
    /// The listener as the object that uses those connections.
    private var firstByteCallback: CallbackID?
    /// The number of accepted connections for which a task must be started.
    private var unserved = 0
    /// Tasks that have served a connection and wait for another one.
    private var idleTasks: [Waiter] = []
    /// Connections accepted here and not yet closed.
    private var openConnections = 0
    /// The task that starts handlers, while it waits for a connection, or for the last one to close.
    private var waiter: Waiter?

    private enum RelayEnding {
        case notBegun
        /// Idle relays, which are checked again.
        case marked([ConnectionID: Relay.Mark])
        /// Relays that were still idle are being closed gracefully.
        case ending
    }

    private enum Phase {
        case accepting
        /// No new connections are accepted; existing ones may finish.
        case draining
        /// The grace is over: remaining connections have been reset.
        case expired
    }

    /// Takes over a listening socket, if there is one. It accepts after ``accept(distributor:)`` is called.
    init(
        loop: EventLoop,
        descriptor: Int32?,
        address: SocketAddress,
        limiter: ConnectionLimiter,
        onIncident: (@Sendable (TCPServer.Incident) -> Void)?,
        handlerStart: TCPServer.Options.HandlerStart = .onAccept,
        handlerLocation: String
    ) {
        self.loop = loop
        self.address = address
        self.onIncident = onIncident
        self.handlerStart = handlerStart
        self.descriptor = descriptor
        self.limiter = limiter
        ownsSocket = descriptor != nil
        id = loop.listeners.reserve()
        loop.listeners[id] = self
        loop.heartbeat?.setHandler(handlerLocation, listener: id)
    }

    /// Whether it accepts connections itself. Callable on any thread.
    var hasSocket: Bool { descriptor != nil }

    // MARK: Accepting

    /// Starts accepting. Connections are served here, or by the listeners that the distributor chooses.
    func accept(distributor: ConnectionDistributor? = nil) {
        guard phase == .accepting else { return }
        self.distributor = distributor
        arm()
    }

    /// Submits the accept. A multishot accept stays armed until it fails.
    func arm() {
        guard let descriptor, !isArmed, !isPaused, phase == .accepting else { return }
        isArmed = true
        isMultishot = !limiter.isNearlyFull
        loop.driver.submit(
            isMultishot
                ? .acceptMultishot(descriptor: descriptor, token: token)
                : .acceptOnce(descriptor: descriptor, token: token)
        )
    }

    private var token: OperationToken { OperationToken(.accept, id) }

    /// Handles a completion of accept.
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

    /// Handles each error of accept(2). The listener continues in every case.
    private func acceptFailed(_ error: SystemError) {
        switch error {
        case .cancelled, .connectionAborted, .interrupted, .notPermitted, .protocolError, .noProtocolOption,
            .networkDown, .networkUnreachable, .noNetwork, .hostDown, .hostUnreachable:
            // The peer disconnected before it was accepted, a firewall forbids the connection, or a pause ended before
            // its cancellation completed (accept(2), "Error handling").
            arm()
        default:
            // Out of descriptors or memory, most likely (EMFILE, ENFILE, ENOBUFS, ENOMEM). An immediate retry would
            // fail again. Peers wait in the backlog until a connection closes, or until the timer fires.
            loop.driver.counters.acceptPauses += 1
            onIncident?(.pausedBySystem(error))
            loop.driver.timers.cancel(pauseTimer)
            pauseTimer = loop.driver.timers.schedule(.resumeAccepting(id), at: loop.now.advanced(by: Self.pause))
        }
    }

    private static let pause = Duration.milliseconds(100)

    /// Serves a connection that the kernel has accepted, if the server's limit allows.
    private func take(_ descriptor: Int32) {
        guard phase == .accepting else { return refuse(descriptor) }
        if parked.isEmpty, limiter.acquire() {
            dispatch(descriptor)
            if limiter.isFull, limiter.policy == .pause {
                pauseAccepting()
            } else if isMultishot, limiter.isNearlyFull {
                // It is armed again, as single-shot, after it has ended.
                isMultishot = false
                cancelAccept()
            }
        } else if limiter.policy == .pause {
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

    /// Passes the connection to the listener that serves it.
    private func dispatch(_ descriptor: Int32) {
        let server = distributor?.next() ?? self
        server.loadStorage.add(1, ordering: .relaxed)
        guard server !== self else { return admit(descriptor) }
        guard server.loop.inbox.post(.work { server.admit(descriptor) }) else {
            // The loop has ended.
            limiter.release()
            return refuse(descriptor)
        }
    }

    /// Serves the connection here. The limiter has already counted it.
    private func admit(_ descriptor: Int32) {
        guard phase == .accepting, let connection = loop.driver.open(descriptor: descriptor, phase: .open) else {
            loadStorage.subtract(1, ordering: .relaxed)
            limiter.release()
            return refuse(descriptor)
        }
        loop.driver.counters.connectionsAccepted += 1
        openConnections += 1
        loop.driver.connections[connection].listener = id
        if address.isUnix { loop.driver.receiveSingly(connection) }
        loop.driver.applyTimeouts(connection)
        switch handlerStart {
        case .onAccept: serve(connection)
        case .onFirstByte(let limit): awaitFirstByte(connection, within: limit)
        }
    }

    /// Connections that are assigned to this listener and not yet closed. Callable on any thread.
    var load: Int { loadStorage.load(ordering: .relaxed) }

    // MARK: The limit

    private func pauseAccepting() {
        guard !isPaused else { return }
        isPaused = true
        loop.driver.counters.acceptPauses += 1
        onIncident?(.pausedAtLimit(limiter.limit))
        cancelAccept()
        limiter.resumeWhenAvailable(self)
    }

    /// Resumes accepting if there is room.
    func resumeAccepting() {
        guard isPaused, phase == .accepting else { return }
        var served = 0
        while served < parked.count, limiter.acquire() {
            dispatch(parked[served])
            served += 1
        }
        parked.removeFirst(served)
        guard parked.isEmpty, !limiter.isFull else { return limiter.resumeWhenAvailable(self) }
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

    // MARK: The tasks of connections

    // Starting and ending a task costs more than resuming one, so a task serves one connection after another:
    //
    //     accepted ──▶ a task is idle? ──yes──▶ resume it
    //                        │no
    //                        ▼
    //                  start a task ──▶ serve ──▶ another connection waits? ──yes──▶ serve it
    //                                                   │no
    //                                                   ▼
    //                                             idle, or ended if enough are idle

    /// Hands a connection to a task.
    private func serve(_ connection: ConnectionID) {
        unstarted.append(connection)
        if let task = idleTasks.popLast() {
            task.resume()
        } else {
            unserved += 1
            resumeWaiter()
        }
    }

    /// Waits until a task must be started for a connection; returns false when there will be none, because the listener
    /// has been shut down. The task calls ``firstConnection()``.
    func needsTask() async -> Bool {
        while unserved == 0 {
            guard phase == .accepting || silentConnections > 0 else { return false }
            await Waiter.suspend { waiter = $0 }
        }
        unserved -= 1
        return true
    }

    /// The connection for a task that has started; the task owns it.
    func firstConnection() -> ConnectionID? {
        let connection = unstarted.popFirst()
        if connection != nil { runningHandlers += 1 }
        return connection
    }

    /// The next connection for a task that has served one; nil: the task ends.
    func nextConnection() async -> ConnectionID? {
        if unserved > 0 {
            unserved -= 1
        } else {
            guard phase == .accepting, idleTasks.count < Self.mostIdleTasks else { return nil }
            await Waiter.suspend { idleTasks.append($0) }
        }
        return firstConnection()
    }

    /// Records that a handler has returned. Its connection may have closed long before.
    func handlerEnded() {
        runningHandlers -= 1
        leaveIfDone()
        if phase != .accepting { resumeWaiter() }
    }

    /// An idle task takes 1.4 KiB.
    private static let mostIdleTasks = 64

    /// Lets a connection wait for its peer without a task.
    private func awaitFirstByte(_ connection: ConnectionID, within limit: Duration?) {
        silentConnections += 1
        let callback = firstByteCallback ?? loop.driver.callbacks.insert(self)
        firstByteCallback = callback
        loop.driver.connections[connection].receiving.install(callback)
        if let limit { loop.driver.setReadDeadline(loop.now.advanced(by: limit), of: connection) }
        if loop.driver.connections[connection].deadlines != nil { loop.driver.startedWaitingToRead(connection) }
        loop.driver.armReceive(connection)
    }

    /// Serves a connection that waited without a task, once there is something to read or its end. Closes it if it has
    /// failed or timed out, or if the server shuts down.
    func ready(_ connection: ConnectionID) {
        let state = loop.driver.connections[connection]
        guard state.isReadable else { return }
        loop.driver.removeCallback(of: connection)
        silentConnections -= 1
        if case .onFirstByte(_?) = handlerStart { loop.driver.setReadDeadline(.distantFuture, of: connection) }
        if !state.receiving.queue.isEmpty || state.receiving.input == .ended && !state.lifecycle.hasFailed {
            return serve(connection)
        }
        if !state.drain.isComplete { loop.driver.markFailed(connection) }
        loop.driver.release(connection)
    }

    /// Tasks that wait for a connection.
    var idleTaskCount: Int { idleTasks.count }

    private func endIdleTasks() {
        for task in idleTasks { task.resume() }
        idleTasks = []
    }

    // MARK: Shutting down

    /// Stops accepting. Connections may finish within `grace`; the rest are reset then.
    func shutDown(grace: Duration) {
        if phase == .accepting {
            phase = .draining
            cancelAccept()
            for descriptor in parked { refuse(descriptor) }
            parked = []
            drainConnections()
            leaveIfDone()
            resumeWaiter()
            endIdleTasks()
        }
        // A listener that has left the loop keeps its phase, and another one may have its number.
        guard phase == .draining, loop.listeners[id] === self else { return }
        guard grace > .zero else { return endGrace(atOnce: true) }
        // The grace is already over, and relays are being ended.
        guard case .notBegun = relayEnding else { return }
        graceDeadline = min(graceDeadline, loop.now.advanced(by: grace))
        loop.driver.timers.cancel(graceTimer)
        graceTimer = loop.driver.timers.schedule(.graceEnded(id), at: graceDeadline)
    }

    /// Ends the waits of handlers for their peers' next messages.
    private func drainConnections() {
        loop.driver.connections.forEachConnection { connection in
            guard loop.driver.connections[connection].listener == id, loop.driver.relay(of: connection) == nil else {
                return
            }
            loop.driver.drain(connection)
        }
    }

    /// Resets every remaining connection that has undelivered bytes. If there was a grace, idle relays are closed
    /// gracefully, in up to two more steps:
    ///
    ///     grace ends        + 250 ms                              + 500 ms
    ///     idle: mark        the same mark: both sides close     the rest is reset
    ///     else: reset       else: reset
    ///
    /// A relay does not know message boundaries, so it counts as idle when no bytes move.
    func endGrace(atOnce: Bool = false) {
        guard phase == .draining else { return }
        let before = relayEnding
        var (marks, ending): ([ConnectionID: Relay.Mark], [ConnectionID]) = ([:], [])
        loop.driver.connections.forEachConnection { connection in
            guard loop.driver.connections[connection].listener == id else { return }
            switch (atOnce ? nil : loop.driver.relay(of: connection)?.markIdle(), before) {
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
        for connection in ending { loop.driver.relay(of: connection)?.end() }
        relayEnding = if case .notBegun = before { .marked(marks) } else { .ending }
        if !ending.isEmpty || !marks.isEmpty {
            loop.driver.timers.cancel(graceTimer)
            graceTimer = loop.driver.timers.schedule(.graceEnded(id), at: loop.now.advanced(by: Self.momentForRelays))
        } else {
            phase = .expired
            resumeWaiter()
        }
    }

    private static let momentForRelays = Duration.milliseconds(250)

    /// Waits for the last connection to close and the last handler to return, or for the end of the grace.
    ///
    /// - Returns: whether all finished in time.
    func drained() async -> Bool {
        while phase == .draining, openConnections > 0 || runningHandlers > 0 {
            await Waiter.suspend { waiter = $0 }
        }
        return openConnections == 0 && runningHandlers == 0
    }

    /// Waits until no connection and no operation is left, without a time limit.
    func closed() async {
        while openConnections > 0 || ownsSocket {
            await Waiter.suspend { waiter = $0 }
        }
    }

    func connectionClosed() {
        openConnections -= 1
        loadStorage.subtract(1, ordering: .relaxed)
        limiter.release()
        // A descriptor has been freed.
        arm()
        leaveIfDone()
        if phase != .accepting { resumeWaiter() }
    }

    /// Closes the socket after the accept's last completion, never before. Leaves the loop with the last connection.
    private func leaveIfDone() {
        guard phase != .accepting, !isArmed else { return }
        loop.driver.timers.cancel(pauseTimer)
        // The distributor's listeners reference this one in turn.
        distributor = nil
        if ownsSocket, let descriptor {
            ownsSocket = false
            loop.ring.close(descriptor)
            resumeWaiter()
        }
        if openConnections == 0, runningHandlers == 0, loop.listeners[id] === self {
            if let firstByteCallback { loop.driver.callbacks.remove(firstByteCallback) }
            firstByteCallback = nil
            loop.driver.timers.cancel(graceTimer)
            loop.listeners.remove(id)
            loop.heartbeat?.setHandler(nil, listener: id)
        }
    }
}
