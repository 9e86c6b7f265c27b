import Eddy
import EddySimulation

// A listener that stops accepting, or refuses, must have a reason, and go on soon after it is gone:
//
//     connections wait, and no accept is in flight     the server is at its limit, or was out of descriptors for a moment
//     accepted, and closed without a handler           the server is at its limit, or its loop is
//
// The connections that count are those of the network and of the handlers, never the loop's own numbers.

/// Sees that every pause and every refusal of a listener is undone.
final class AcceptOracle {
    private unowned let simulation: Simulation
    /// Accepted connections that are open, or whose handlers run.
    private var occupied: Set<ObjectIdentifier> = []
    /// Connections that were broken before their handlers began, which no longer know their peers.
    private var orphans = 0
    /// Connections that the loop has made, or makes, itself.
    private var own: Set<ObjectIdentifier> = []
    private var listener: SimulatedSocket?
    /// Since when connections wait and no accept is in flight.
    private var unservedSince: UInt64?
    /// When the server was last at its limit.
    private var lastFull: UInt64 = 0
    /// How long a listener pauses that is out of descriptors, and how long the network may hold its cancellation up.
    private static let longestPause: UInt64 = 200_000_000

    init(_ simulation: Simulation) { self.simulation = simulation }

    private var network: SimulatedNetwork { simulation.network }
    private var limit: Int { simulation.scenario.options.maximumConnections ?? .max }
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
        // Its handler still counts.
        if watch.isRunning { return }
        noteFull()
        occupied.remove(name)
        guard watch.begin == nil else { return }
        if socket.isBroken { orphans += 1 } else { checkRefusal(watch) }
    }

    /// A handler has ended; one that never knew its peer when there is no watch.
    func handlerEnded(_ watch: ConnectionWatch?) {
        noteFull()
        guard let watch else {
            orphans -= 1
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

    /// Looks whether the listener serves what waits.
    private func look() {
        guard let listener, listener.waitingConnections > 0, !listener.isAccepting else {
            check()
            unservedSince = nil
            return
        }
        if unservedSince == nil { unservedSince = network.now }
    }

    /// A listener does not pause for longer than it may.
    func check() {
        guard let unservedSince, !simulation.isShuttingDown else { return }
        noteFull()
        let due = max(unservedSince, lastFull) + Self.longestPause
        guard network.now > due else { return }
        let allowance = network.busy.sum(after: due) + network.lateness.sum(after: due)
        guard network.now > due + allowance else { return }
        network.fail(
            "connections wait, and nothing is accepted for \((network.now - due) / 1_000_000) ms longer than a pause takes"
        )
    }

    // MARK: Refusals

    private func checkRefusal(_ watch: ConnectionWatch) {
        guard !simulation.isShuttingDown, !simulation.isStopping else { return }
        if let idle = watch.timeouts.idle, network.now >= watch.start.advanced(by: idle) { return }
        if simulation.scenario.options.atLimit == .refuse, count >= limit { return }
        if count + own.count >= simulation.scenario.configuration.maximumConnections { return }
        network.fail("a connection was refused beside \(count) others, and \(limit) are allowed")
    }
}
