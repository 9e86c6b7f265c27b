import Eddy
import EddySimulation

// A listener that stops accepting, or refuses connections, must have a reason, and resume soon after the reason is
// gone:
//
//     connections wait, and no accept is in flight     the server is at its limit, or was out of descriptors for a moment
//     accepted, and closed without a handler           the server is at its limit, or its loop is
//
// Connections are counted from the events of the network and of the handlers, never from the loop's own counters.

/// Checks that every pause and every refusal of a listener ends.
final class AcceptOracle {
    private unowned let simulation: Simulation
    /// Accepted connections that are open or whose handlers run.
    private var occupied: Set<ObjectIdentifier> = []
    /// Connections that failed before their handlers began; their peers are unknown.
    private var orphans = 0
    /// Outgoing connections of the loop, including those that are connecting.
    private var own: Set<ObjectIdentifier> = []
    private var listener: SimulatedSocket?
    /// The time since which connections wait and no accept is in flight.
    private var unservedSince: Instant?
    /// When the server was last at its limit.
    private var lastFull = Instant.distantPast
    /// When a connection last broke whose peer had sent nothing.
    private var lastSilentBreak: Instant?
    /// The longest pause of a listener that is out of descriptors, plus the network's delay of its cancellation, in
    /// nanoseconds.
    private static let longestPause: UInt64 = 200_000_000

    init(_ simulation: Simulation) { self.simulation = simulation }

    private var network: SimulatedNetwork { simulation.network }
    private var limit: Int { simulation.scenario.options.maximumConnections ?? .max }
    private var startsOnFirstByte: Bool {
        if case .onFirstByte = simulation.scenario.options.handlerStart { true } else { false }
    }
    private var count: Int { occupied.count + orphans }

    // MARK: What the network sees

    func observe(_ socket: SimulatedSocket, _ event: SimulatedSocketEvent) {
        let name = ObjectIdentifier(socket)
        switch event {
        case .accepted:
            occupied.insert(name)
            noteFull()
        case .backlogChanged, .acceptStarted, .acceptEnded:
            listener = socket
            look()
        case .connectStarted: own.insert(name)
        case .closing where socket === listener:
            check()
            (listener, unservedSince) = (nil, nil)
        case .closing where occupied.contains(name): closed(socket, name)
        case .closing:
            if simulation.timing.watch(of: socket)?.isRunning != true { own.remove(name) }
        default: break
        }
    }

    private func closed(_ socket: SimulatedSocket, _ name: ObjectIdentifier) {
        guard let watch = simulation.timing.watch(of: socket) else { return }
        // A running handler still counts.
        if watch.isRunning { return }
        noteFull()
        occupied.remove(name)
        guard watch.begin == nil else { return }
        if !socket.isBroken {
            checkRefusal(watch)
        } else if startsOnFirstByte {
            // It may never get a handler, and the loop releases it at the end of the iteration.
            lastSilentBreak = network.now
        } else {
            orphans += 1
        }
    }

    /// Records the end of a handler. Without a watch, the handler never knew its peer.
    func handlerEnded(_ watch: ConnectionWatch?) {
        noteFull()
        guard let watch else {
            if !startsOnFirstByte { orphans -= 1 }
            return
        }
        if watch.isClosed {
            occupied.remove(ObjectIdentifier(watch.socket))
            own.remove(ObjectIdentifier(watch.socket))
        }
    }

    // MARK: Pauses

    private func noteFull() {
        if count >= limit { lastFull = network.now }
    }

    /// Checks whether the listener serves the waiting connections.
    private func look() {
        guard let listener, listener.waitingConnections > 0, !listener.isAccepting else {
            check()
            unservedSince = nil
            return
        }
        if unservedSince == nil { unservedSince = network.now }
    }

    /// Checks that a listener does not pause for too long.
    func check() {
        guard let unservedSince, !simulation.isShuttingDown else { return }
        noteFull()
        let due = max(unservedSince, lastFull).advanced(byNanoseconds: Self.longestPause)
        guard network.now > due else { return }
        let allowance = network.busy.sum(after: due) + network.lateness.sum(after: due)
        guard network.now > due.advanced(byNanoseconds: allowance) else { return }
        let late = due.nanoseconds(to: network.now) / 1_000_000
        network.fail("connections wait, but accepting is paused \(late) ms longer than allowed")
    }

    // MARK: Refusals

    private func checkRefusal(_ watch: ConnectionWatch) {
        guard !simulation.isShuttingDown, !simulation.isStopping else { return }
        if let idle = watch.timeouts.idle, network.now >= watch.start.advanced(by: idle) { return }
        if lastSilentBreak == network.now { return }
        if simulation.scenario.options.atLimit == .refuse, count >= limit { return }
        if count + own.count >= simulation.scenario.configuration.maximumConnections { return }
        network.fail("a connection was refused with \(count) others open, and \(limit) are allowed")
    }
}
