import Eddy
import EddySimulation

// Every timeout is checked twice:
//
//     early    fails if the timeout has not passed since the latest event that the loop can know of
//     late     fails if the timeout has passed since the latest event that could extend it, plus a tick of the timer
//              wheel, plus the time in which the loop was busy
//
// The times are the network's and the handlers'. A waiting loop is never late: the network records the time in which
// the loop does not wait.
//
//     wait begins                            due            + a tick + busy
//     ├──────────────── early ────────────────┤├──── in time ────┤├───────── late
//                                              ▲
//                                   extended by: bytes, acknowledgements, lack of memory

/// Checks that everything that depends on time happens in time.
final class TimingOracle {
    private unowned let simulation: Simulation
    private var watches: [ObjectIdentifier: ConnectionWatch] = [:]
    private var accepted: [UInt16: ConnectionWatch] = [:]
    private var connected: [UInt16: ConnectionWatch] = [:]
    /// Sockets of connections that are connecting, or have no handler yet.
    private var attempts: Set<ObjectIdentifier> = []
    /// Pending calls of `connect`, and when the last one returned.
    private var connecting = 0
    private var lastConnectEnd = Instant.distantPast
    /// A deadline is rounded up to a tick of the timer wheel.
    private static let tick: UInt64 = 1 << 16
    /// The network's largest delay of a cancellation or a zero-copy notification.
    private static let longestDelay: UInt64 = 100_000_000
    /// How long a peer may be silent after the server's end of stream before the server closes the socket.
    private static let silenceBeforeClose: UInt64 = 500_000_000
    /// The longest interval between two checks of the bytes that the peer has acknowledged.
    private static let deliveryLook: UInt64 = 64_000_000

    init(_ simulation: Simulation) { self.simulation = simulation }

    private var network: SimulatedNetwork { simulation.network }
    private var now: Instant { network.now }

    /// The connection that the server accepted from a peer's port.
    func acceptedConnection(_ port: UInt16?) -> ConnectionWatch? { port.flatMap { accepted[$0] } }

    /// The connection that the loop opened from a local port.
    func ownConnection(_ port: UInt16?) -> ConnectionWatch? { port.flatMap { connected[$0] } }

    // MARK: What the network sees

    func observe(_ socket: SimulatedSocket, _ event: SimulatedSocketEvent) {
        switch event {
        case .accepted: open(socket, in: &accepted, port: socket.remoteAddress?.port)
        case .connected: open(socket, in: &connected, port: socket.localAddress?.port)
        default: break
        }
        if event == .connectStarted { attempts.insert(ObjectIdentifier(socket)) }
        if event == .closing, attempts.remove(ObjectIdentifier(socket)) != nil { checkAttempt() }
        if let watch = watches[ObjectIdentifier(socket)] { note(event, watch) }
    }

    /// The observations of an open socket of the loop.
    func watch(of socket: SimulatedSocket) -> ConnectionWatch? { watches[ObjectIdentifier(socket)] }

    private func open(_ socket: SimulatedSocket, in ports: inout [UInt16: ConnectionWatch], port: UInt16?) {
        guard watches[ObjectIdentifier(socket)] == nil else { return }
        let watch = ConnectionWatch(socket, simulation.scenario.configuration.timeouts, at: now)
        watch.isServed = socket.remoteAddress?.port == port
        watches[ObjectIdentifier(socket)] = watch
        if let port { ports[port] = watch }
    }

    private func note(_ event: SimulatedSocketEvent, _ watch: ConnectionWatch) {
        let lastWait = network.lastWait
        switch event {
        case .received:
            checkGap(watch)
            watch.moved.note(now, lastWait: lastWait)
            watch.received.note(now, lastWait: lastWait)
        case .receiveStarted:
            if watch.isStarved { watch.starvedUntil = now }
            watch.starvedSince = nil
        case .bufferStalled:
            watch.starvedSince = watch.starvedSince ?? now
            watch.starvedUntil = now
        case .sendStarted:
            watch.isSending = true
            watch.lastSendStart = now
            watch.progress.note(now, lastWait: lastWait)
        case .sendEnded(let byteCount):
            sendEnded(byteCount, watch)
        case .acknowledged:
            watch.acknowledged.note(now, lastWait: lastWait)
            guard watch.isSending else { return }
            checkGap(watch)
            watch.moved.note(now, lastWait: lastWait)
            watch.progress.note(now, lastWait: lastWait)
        case .ended:
            // If there are both, a failure follows an end.
            if watch.peerEnd == nil || watch.socket.isBroken { watch.peerEnd = now }
        case .closing:
            checkClosing(watch)
            watch.isClosed = true
            watches[ObjectIdentifier(watch.socket)] = nil
        case .backlogChanged, .acceptStarted, .acceptEnded, .accepted, .connectStarted, .connected, .connectFailed:
            break
        }
    }

    private func sendEnded(_ byteCount: Int, _ watch: ConnectionWatch) {
        if byteCount > 0 { checkGap(watch) }
        watch.isSending = false
        guard byteCount > 0 else { return }
        watch.moved.note(now, lastWait: network.lastWait)
        watch.progress.note(now, lastWait: network.lastWait)
    }

    // MARK: Limits

    /// Fails if an event is late, beyond the time in which the loop was busy.
    private func expectInTime(_ due: Instant, late mayBeLate: Bool = false, _ what: @autoclosure () -> String) {
        guard now > due.advanced(byNanoseconds: Self.tick) else { return }
        let allowance = network.busy.sum(after: due) + (mayBeLate ? network.lateness.sum(after: due) : 0)
        let late = due.advanced(byNanoseconds: Self.tick + allowance).nanoseconds(to: now)
        guard late > 0 else { return }
        network.fail("\(what()) \(late / 1000) µs too late")
    }

    /// Fails if an event is early.
    private func expectNotEarly(_ due: Instant, _ what: @autoclosure () -> String) {
        if now < due { network.fail("\(what()) \(now.nanoseconds(to: due) / 1000) µs too early") }
    }

    private func nanoseconds(_ duration: Duration?) -> UInt64? { duration?.wholeNanoseconds }

    // MARK: Sleeping

    /// Sleeps on the loop, and checks that the sleep is neither too short nor too long.
    func sleep(for duration: Duration) async throws(CancellationError) {
        let due = now.advanced(by: duration)
        try await simulation.loop.sleep(for: duration)
        expectNotEarly(due, "a sleep of \(duration) has ended")
        expectInTime(due, "a sleep of \(duration) has ended")
    }

    // MARK: Connecting

    /// Records the start of a connect.
    ///
    /// - Returns: the start time.
    func connectBegan() -> Instant {
        connecting += 1
        return now
    }

    /// Records the end of a connect that began at `start`.
    func connectEnded(after start: Instant, _ error: ConnectError? = nil) {
        connecting -= 1
        lastConnectEnd = now
        let due = start.advanced(by: simulation.scenario.configuration.connectTimeout)
        if case .timedOut = error { expectNotEarly(due, "a connect has timed out") }
        expectInTime(due, "a connect has ended")
    }

    /// Checks that a cancelled connection attempt is closed at once.
    private func checkAttempt() {
        guard simulation.scenario.workload == .exchange, connecting == 0 else { return }
        expectInTime(
            lastConnectEnd.advanced(byNanoseconds: Self.longestDelay),
            late: true,
            "a cancelled connect was ended"
        )
    }

    // MARK: Handlers

    func handlerBegan(_ watch: ConnectionWatch?) {
        guard let watch else { return }
        watch.begin = now
        attempts.remove(ObjectIdentifier(watch.socket))
    }

    /// Records that the handler has released its connection.
    func handlerEnded(_ watch: ConnectionWatch?, hasThrown: Bool) {
        guard let watch, watch.ending == nil else { return }
        checkGap(watch)
        watch.ending = ConnectionWatch.Ending(time: now, hasThrown: hasThrown)
    }

    func readBegan(_ watch: ConnectionWatch?) {
        watch?.read = ConnectionWatch.Read(
            start: now,
            earliestStart: network.lastWait,
            deadline: watch?.deadlines.min()
        )
    }

    func readEnded(_ watch: ConnectionWatch?, _ error: ConnectionError? = nil) {
        if case .readTimedOut = error, let watch { checkReadTimeout(watch) }
        watch?.read = nil
    }

    private func checkReadTimeout(_ watch: ConnectionWatch) {
        guard let read = watch.read else { return }
        let timeout = nanoseconds(watch.timeouts.read)
        let known = max(read.earliestStart, watch.received.known(lastWait: network.lastWait))
        let due = timeout.map { known.advanced(byNanoseconds: $0) }
        guard let earliest = [due, read.deadline].compactMap({ $0 }).min() else {
            network.fail("a read has timed out that had neither a timeout nor a deadline")
        }
        if earliest != read.deadline { expectMemory(watch) }
        expectNotEarly(earliest, "a read of \(watch.words) has timed out")
        checkRead(watch)
    }

    /// Checks that a waiting reader has not waited for too long.
    private func checkRead(_ watch: ConnectionWatch) {
        guard let read = watch.read else { return }
        if let deadline = read.deadline, deadline >= read.start {
            expectInTime(deadline, "a read of \(watch.words) with a deadline has ended")
        }
        // The timeout of a reader that waited for memory of the loop begins when there is memory.
        guard let timeout = nanoseconds(watch.timeouts.read), !watch.isStarved,
            !simulation.scenario.isMemoryLimited
        else { return }
        let start = max(read.start, watch.received.latest, watch.latestStart)
        expectInTime(start.advanced(byNanoseconds: timeout), "a read of \(watch.words) has ended")
    }

    /// Checks an error of a handler: if a timeout is its reason, the timeout must be due.
    func thrown(_ error: any Error, _ watch: ConnectionWatch?) {
        guard let error = error as? ConnectionError, let watch else { return }
        let lastWait = network.lastWait
        switch error {
        case .idleTimedOut:
            guard let idle = nanoseconds(watch.timeouts.idle) else { network.fail("there is no idle timeout") }
            let known = sides(of: watch).map { $0.moved.known(lastWait: lastWait) }.min() ?? .distantPast
            expectNotEarly(known.advanced(byNanoseconds: idle), "\(watch.words) has timed out without being idle,")
            if !isRelay { checkIdle(watch, idle) }
        case .writeTimedOut:
            // While nothing can be sent to the other side of a relay, this side has the close timeout.
            let relayed = isRelay ? nanoseconds(simulation.loop.configuration.closeTimeout) : nil
            let write = [nanoseconds(watch.timeouts.write), relayed].compactMap { $0 }.min()
            guard let write else { network.fail("there is no write timeout") }
            let known = sides(of: watch).map { $0.progress.known(lastWait: lastWait) }.min() ?? .distantPast
            expectNotEarly(
                known.advanced(byNanoseconds: write),
                "\(watch.words) has timed out while its peer accepts bytes,"
            )
            if !isRelay { checkWrite(watch, write) }
        default: break
        }
    }

    /// A reader must not time out while the loop has no memory for its peer's bytes.
    private func expectMemory(_ watch: ConnectionWatch) {
        guard let since = watch.starvedSince, since < network.lastWait, !watch.socket.isBroken else { return }
        network.fail("\(watch.words) has timed out while there was no memory for its peer's bytes")
    }

    private var isRelay: Bool { simulation.scenario.workload == .relay }

    /// The connections of which one has failed when a handler gets an error. In a relay it may be the other one, and
    /// only the loop knows which.
    private func sides(of watch: ConnectionWatch) -> [ConnectionWatch] {
        isRelay ? [watch] + connected.values : [watch]
    }

    /// Checks at every event of a connection that no timeout was due before.
    private func checkGap(_ watch: ConnectionWatch) {
        guard watch.isOpen, !watch.socket.isBroken, !watch.isStarved else { return }
        checkRead(watch)
        if let idle = nanoseconds(watch.timeouts.idle) { checkIdle(watch, idle, reset: true) }
        if let write = nanoseconds(watch.timeouts.write), watch.isSending { checkWrite(watch, write, reset: true) }
    }

    /// - Parameter reset: whether the connection may already be closing, which takes a moment.
    private func checkIdle(_ watch: ConnectionWatch, _ idle: UInt64, reset: Bool = false) {
        guard !watch.isStarved, !mayAwaitMemoryForMessages else { return }
        let start = max(watch.moved.latest, watch.lastSendStart, watch.latestStart)
        // The bytes that the peer has accepted are checked four times in the shorter of both timeouts.
        let look = min(idle, nanoseconds(watch.timeouts.write) ?? .max) / 4
        let due = noticed(start, within: look).advanced(byNanoseconds: idle + (reset ? Self.longestDelay : 0))
        expectInTime(due, late: reset, "\(watch.words), idle, was still open, or timed out,")
    }

    /// Whether readers of whole messages may wait for memory. The network cannot observe when: no receive is submitted.
    private var mayAwaitMemoryForMessages: Bool {
        simulation.scenario.isMemoryLimited && simulation.exchangesMessages
    }

    private func checkWrite(_ watch: ConnectionWatch, _ write: UInt64, reset: Bool = false) {
        let start = max(watch.progress.latest, watch.lastSendStart)
        let due = noticed(start, within: write / 4).advanced(byNanoseconds: write + (reset ? Self.longestDelay : 0))
        expectInTime(due, late: reset, "\(watch.words), whose peer accepts nothing, was still open, or timed out,")
    }

    /// The latest time at which the loop notices bytes that the peer has accepted: it checks periodically, at a tick,
    /// unless it is busy.
    private func noticed(_ moment: Instant, within look: UInt64) -> Instant {
        moment.advanced(byNanoseconds: look + Self.tick + network.busy.sum(after: moment))
    }

    // MARK: Closing

    /// Checks that a closing connection has a reason, and nothing left to wait for.
    private func checkClosing(_ watch: ConnectionWatch) {
        checkDrained(watch)
        guard let ending = watch.ending, !mayEndAtAnyTime else { return }
        let socket = watch.socket
        let isDelivered = socket.unacknowledgedBytes ?? 0 == 0
        let timeout = nanoseconds(simulation.scenario.configuration.closeTimeout) ?? 0
        let hasPeerEnded = socket.isBroken || socket.isAtEnd
        // A server that shuts down does not wait for its peers' ends.
        if !hasPeerEnded, !(isDelivered && (ending.hasThrown || simulation.isShuttingDown)) {
            // A handler may end before it gets the timeout of its connection.
            let failed = watch.timeouts.idle != nil || watch.timeouts.write != nil
            let delay = Self.longestDelay + network.lateness.sum(after: ending.time)
            if failed, now <= ending.time.advanced(byNanoseconds: delay) { return }
            let known = max(
                ending.time,
                isDelivered ? .distantPast : watch.acknowledged.known(lastWait: network.lastWait)
            )
            expectNotEarly(known.advanced(byNanoseconds: timeout), "\(watch.words) was being closed, and reset")
        }
        let acknowledged = max(ending.time, watch.acknowledged.latest)
        expectInTime(
            acknowledged.advanced(byNanoseconds: 2 * timeout + Self.longestDelay),
            late: true,
            "\(watch.words) was closed"
        )
        guard isDelivered || socket.isBroken else { return }
        if let peerEnd = watch.peerEnd, !ending.hasThrown {
            let start = max(acknowledged, peerEnd, watch.starvedUntil, watch.received.latest)
            expectInTime(
                start.advanced(byNanoseconds: Self.longestDelay),
                late: true,
                "\(watch.words), whose peer has ended, was closed"
            )
        }
        if ending.hasThrown {
            let broken = socket.isBroken ? watch.peerEnd ?? .distantPast : .distantPast
            let due = max(acknowledged, broken).advanced(byNanoseconds: Self.longestDelay + Self.deliveryLook)
            expectInTime(due, late: true, "\(watch.words), whose peer has everything, was reset")
        }
    }

    /// A server that shuts down waits until its peer has received everything, but not for the peer's end, even if the
    /// grace would allow it.
    private func checkDrained(_ watch: ConnectionWatch) {
        guard watch.isServed, let ending = watch.ending, !ending.hasThrown, let shutdown = simulation.shutdownStart,
            !simulation.isStopping, !simulation.scenario.isMemoryLimited, !watch.socket.isBroken,
            watch.socket.unacknowledgedBytes ?? 0 == 0
        else { return }
        let start = max(ending.time, shutdown, watch.acknowledged.latest, watch.received.latest, watch.starvedUntil)
        expectInTime(
            start.advanced(byNanoseconds: Self.silenceBeforeClose + Self.longestDelay + Self.deliveryLook),
            late: true,
            "\(watch.words) which its server drains, was closed"
        )
    }

    /// Whether the loop may end connections for its own reasons.
    private var mayEndAtAnyTime: Bool {
        now >= simulation.graceEnd || simulation.isStopping || simulation.scenario.isMemoryLimited
    }
}
