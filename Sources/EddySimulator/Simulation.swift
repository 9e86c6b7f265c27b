import Eddy
import EddyBuffers
import EddyRing
import EddySimulation

/// The result of a seed.
struct SimulationResult: Sendable {
    var hash: UInt64 = 0
    var counters = FaultCounters()
    /// The number of times that each error was thrown, by its name.
    var errors: [String: Int] = [:]
    /// The number of times that connection memory became tight.
    var memoryShortages: UInt64 = 0
}

// One seed:
//
//     thread ── loop.run() ── the workload's task, the server's tasks, the handlers' tasks: all on this thread
//                  │
//                  └── enter ── the network's events, and in them the peers
//
// A violation ends the process with a line that says how to reproduce it.

// The invariants, and how each is checked:
//
//     memory stays with an operation until its last completion   a checksum of every send; poison in provided buffers
//     a slice is returned once                                    at the end exactly none is in use
//     a descriptor is closed once, every operation ends           the network counts both
//     bytes arrive in order, complete, once                       each stream's bytes depend on their position; its end
//                                                                 follows the last byte: failed streams are reset
//     a server ends with its grace                                also when its peers are silent
//     nothing grows without a limit                               queues, the pool and connections are checked
//     no byte of recycled memory leaks                            the same patterns, and the poison
//     a timeout is neither early nor late                         the times that the network and the handlers observe
//     a pause or refusal ends when its reason is gone             the waiting and the open connections
//     a well-behaved client is answered in time, and never reset  among peers that are not (NeighbourWorkload)
//
// Other tests check that an echo does not allocate, and that only one thread accesses a loop.

/// The run of one seed. Confined to one thread.
final class Simulation: @unchecked Sendable {
    let seed: UInt64
    private(set) var scenario: Scenario
    let network: SimulatedNetwork
    let loop: EventLoop
    let ring: Ring
    let group: EventLoopGroup
    /// The address that the server listens on.
    let address = SocketAddress.loopback(port: 7000)
    var isShuttingDown = false {
        didSet {
            guard shutdownStart == nil, isShuttingDown else { return }
            shutdownStart = network.now
            for peer in peers.values { peer.acknowledgedAtShutdown = peer.socket.acknowledgedBytes }
        }
    }
    /// When the server's shutdown began.
    private(set) var shutdownStart: Instant?
    /// Whether the loop itself is ending.
    private(set) var isStopping = false
    private(set) lazy var timing = TimingOracle(self)
    private(set) lazy var accepting = AcceptOracle(self)
    /// If connections are unplugged: how long to wait for connections that never notice, in nanoseconds; otherwise
    /// nil.
    let patience: UInt64?
    /// The random numbers of unplugging.
    var unplugging: SeededGenerator
    /// If some peers keep their connections after they have received everything: draws which peers, and for how long;
    /// otherwise nil.
    private var keeping: SeededGenerator?
    /// The number of running handlers.
    var handlers = 0
    /// When remaining connections are reset.
    var graceEnd = Instant.distantFuture
    /// The time that idle relays have for a graceful close, in nanoseconds.
    private static let momentForRelays: UInt64 = 500_000_000
    /// The time limit of resets in nanoseconds, excluding time in which the loop is busy or the network late.
    private static let longestReset: UInt64 = 300_000_000
    /// Events that Eddy clients caused on their connections.
    var cancelledClients = 0
    var tooLongMessages = 0
    /// The number of upstream servers that have reset their connections.
    var brokenUpstreams = 0
    private(set) var result = SimulationResult()
    private var peers: [UInt16: Peer] = [:]
    /// Ports of peers whose handlers have thrown an error with a valid reason.
    private var excused: Set<UInt16> = []
    /// Ports of peers whose handlers' waits have timed out.
    private var timedOut: Set<UInt16> = []
    /// Ports of peers whose connections one task reads and another writes: only the grace ends them.
    private var usedByTwo: Set<UInt16> = []
    private var unfinished = 0
    private var waiter: CheckedContinuation<Void, Never>?

    /// Runs a seed on a new thread, and returns when it has ended.
    static func run(seed: UInt64, isLogging: Bool = false) throws(RingError) -> SimulationResult {
        let (thread, simulation) = try SystemThread.start(
            name: "eddy-simulation",
            make: { () throws(RingError) in try Simulation(seed: seed, isLogging: isLogging) },
            run: { $0.run() }
        )
        thread.join()
        return simulation.result
    }

    private init(seed: UInt64, isLogging: Bool) throws(RingError) {
        self.seed = seed
        network = SimulatedNetwork(seed: seed, log: isLogging ? { printLine($0) } : nil)
        scenario = Scenario(&network.random)
        // Some seeds have additional variations. They are drawn from separate generators, so that other seeds are
        // unaffected.
        var (unplugging, order) = (SeededGenerator(seed: seed ^ 3 << 32), SeededGenerator(seed: seed ^ 156 << 32))
        if order.once(in: 4) { network.permuteEvents(order) }
        var variation = SeededGenerator(seed: seed ^ 61 << 32)
        if variation.once(in: 3) { scenario.vary(&variation) }
        let scenario = scenario
        network.note(
            "\(scenario.workload), \(scenario.configuration.timeouts), close \(scenario.configuration.closeTimeout), \(scenario.line)"
        )
        let unplugs = unplugging.once(in: 8)
        patience = unplugs ? 1_000_000_000 + unplugging.next() % 2_000_000_000_000 : nil
        if unplugs { network.unplugging = SeededGenerator(seed: unplugging.next()) }
        self.unplugging = unplugging
        var keeping = SeededGenerator(seed: seed ^ 211 << 32)
        self.keeping = keeping.once(in: 3) ? keeping : nil
        network.faults = scenario.rates
        network.line = scenario.line
        network.descriptorLimit = scenario.descriptorLimit
        ring = Ring(
            simulating: network,
            submissionEntries: scenario.submissionEntries,
            completionEntries: scenario.completionEntries
        )
        loop = try EventLoop(configuration: scenario.configuration, features: scenario.features, ring: ring)
        group = EventLoopGroup(running: loop)
        network.inspect = { [unowned self] in
            checkQueues()
            checkOccupancy()
            accepting.check()
        }
        network.observe = { [unowned self] socket, event in
            accepting.observe(socket, event)
            timing.observe(socket, event)
        }
        network.fail = { [unowned self] in endProcess($0) }
    }

    private func endProcess(_ violation: String) -> Never {
        network.note("violation: \(violation)")
        for (port, peer) in peers.sorted(by: { $0.key < $1.key }) where !peer.isFinished {
            network.note("peer \(port) has not finished: \(peer.words)")
        }
        printToStandardError(
            "seed \(seed) (\(scenario.workload)): \(violation)\n"
                + "reproduce it with: scripts/simulate --seed \(seed)\n"
        )
        exitProcess()
    }

    private func run() {
        let workload: any Workload =
            switch scenario.workload {
            case .echo: EchoWorkload(self)
            case .relay: RelayWorkload(self)
            case .exchange: ExchangeWorkload(self)
            case .bulk: BulkWorkload(self)
            case .churn: ChurnWorkload(self)
            case .neighbours: NeighbourWorkload(self)
            }
        Task(executorPreference: loop) {
            await workload.run()
            self.isStopping = true
            self.loop.stop()
        }
        loop.run()
        checkNothingIsLeft()
        result.hash = network.trace.hash
        result.counters = network.counters
        result.memoryShortages = loop.collectStatistics().memoryShortages
        peers = [:]
        network.shutDown()
    }

    /// No queue exceeds the loop's limits plus the network's transfer size.
    private func checkQueues() {
        // Without receive limits, a receive continues until its cancellation completes, which may be late.
        guard scenario.features.receiveLimits, scenario.rates[.cancellationFirst] == 0 else { return }
        let configuration = scenario.configuration
        let credit = 2 * configuration.receiveWindow + configuration.pool.receiveChunkSize
        let transferSize = scenario.line.receiveBuffer
        let message = exchangesMessages ? ExchangeWorkload.limit + 4 : BulkWorkload.headSize
        let write = scenario.workload == .bulk ? BulkWorkload.largestWrite : message
        let (inbound, outbound) = loop.longestQueues
        if inbound > credit + transferSize + message { network.fail("\(inbound) bytes wait to be read") }
        let most = configuration.highWatermark + credit + transferSize + write
        if outbound > most { network.fail("\(outbound) bytes wait to be sent") }
    }

    /// Whether the workload's messages have a length prefix.
    var exchangesMessages: Bool { scenario.workload == .exchange || scenario.workload == .neighbours }

    /// The pool and the server stay within their limits.
    private func checkOccupancy() {
        let (connections, mappedBytes) = loop.occupancy
        if mappedBytes > scenario.configuration.pool.maximumBytes {
            network.fail("the pool has grown beyond its limit: \(mappedBytes) bytes")
        }
        guard let limit = scenario.options.maximumConnections else { return }
        if handlers > limit { network.fail("\(handlers) handlers run, and \(limit) connections are allowed") }
        // In these workloads the loop has outgoing connections, too.
        guard scenario.workload != .relay, scenario.workload != .exchange else { return }
        if connections > limit { network.fail("\(connections) connections are open, and \(limit) are allowed") }
    }

    /// At the end, all resources have been returned.
    private func checkNothingIsLeft() {
        let statistics = loop.collectStatistics()
        let descriptors = network.openDescriptors
        if !descriptors.isEmpty { network.fail("descriptors \(descriptors) were never closed") }
        let operations = ring.operationsInFlight
        if !operations.isEmpty { network.fail("operations without a last completion: \(operations)") }
        if statistics.connections > 0 { network.fail("\(statistics.connections) connections are still open") }
        if statistics.timers > 0 { network.fail("\(statistics.timers) timers are still running") }
        if statistics.pool.slicesOut > 0 { network.fail("\(statistics.pool.slicesOut) slices were never returned") }
        if statistics.pool.chunksFilling > 0 {
            network.fail("\(statistics.pool.chunksFilling) chunks were never reclaimed")
        }
        if statistics.queuedBytes != 0 {
            network.fail("\(statistics.queuedBytes) bytes of freed queues are still counted")
        }
        if loop.bytesPromised != 0 {
            network.fail("\(loop.bytesPromised) bytes are still reserved for receives that have ended")
        }
        checkOccupancy()
        if handlers > 0 { network.fail("\(handlers) handlers are still running") }
        if unfinished > 0 { network.fail("\(unfinished) peers are still waiting") }
    }

    // MARK: Chance

    /// A random duration in nanoseconds; short ones are more frequent.
    func pause(upTo limit: Int) -> UInt64 { UInt64(network.random.magnitude(0...limit)) }

    // MARK: Peers

    /// Whether a peer keeps its connection after it has received everything. Never where other peers would wait for its
    /// slot.
    func peerKeeps() -> Bool {
        guard scenario.options.maximumConnections == nil, scenario.descriptorLimit >= 1024, !scenario.isLoopCrowded
        else { return false }
        return keeping?.once(in: 2) ?? false
    }

    /// Records that one task reads the connection of a peer's port, and another one writes to it.
    func noteTwoTasks(on port: UInt16?) {
        if let port { usedByTwo.insert(port) }
    }

    /// How long a peer keeps its connection after the server has ended it, in nanoseconds.
    func keptTime() -> UInt64 { UInt64(keeping?.magnitude(0...100_000_000_000) ?? 0) }

    func register(_ peer: Peer) {
        unfinished += 1
        peers[peer.port] = peer
    }

    func peerFinished() {
        unfinished -= 1
        // Posted as from another thread, because the loop may be waiting.
        if unfinished == 0 {
            _ = loop.post { [self] in
                waiter?.resume()
                waiter = nil
            }
        }
    }

    /// Waits until every peer has finished.
    func peersFinished() async {
        if unfinished > 0 { await withCheckedContinuation { waiter = $0 } }
    }

    /// Whether a peer may have been refused; a refused peer receives no byte.
    func mayBeRefused(_ peer: Peer) -> Bool {
        peer.received == 0 && (scenario.refuses || isShuttingDown)
    }

    /// Whether a peer's connection may fail without a fault of the loop.
    func mayBreak(_ peer: Peer) -> Bool {
        if excused.contains(peer.port) { return true }
        // A connection that holds memory that others wait for may be reset even after its handler has ended.
        if scenario.isMemoryLimited, loop.collectStatistics().connectionsEvicted > 0 { return true }
        return mayBreakUnevicted(peer)
    }

    /// Whether an idle peer's connection may be reset. A server that shuts down must not reset it if it had the time to
    /// close it gracefully.
    func mayBreak(_ peer: Peer, keptSince: Instant) -> Bool {
        guard let shutdownStart, network.now >= graceEnd, !scenario.isMemoryLimited, !scenario.hasTimeouts else {
            return true
        }
        if peer.socket.wasStruck || peer.socket.isUnplugged || usedByTwo.contains(peer.port) { return true }
        let due = max(shutdownStart, keptSince).advanced(byNanoseconds: Self.longestReset)
        let allowance = network.busy.sum(after: due) + network.lateness.sum(after: due)
        return due.advanced(byNanoseconds: allowance) >= graceEnd
    }

    /// Whether a peer's connection may fail for other reasons than the memory that it holds.
    func mayBreakUnevicted(_ peer: Peer) -> Bool {
        if mayBeRefused(peer) || peer.socket.wasStruck || timedOut.contains(peer.port) || network.now >= graceEnd {
            return true
        }
        let statistics = loop.collectStatistics()
        // A connection whose handler waits for something else is reset before the handler gets the error.
        let told = ["idleTimedOut", "writeTimedOut"].map { result.errors["ConnectionError.\($0)", default: 0] }
        return statistics.idleTimeouts + statistics.writeTimeouts > UInt64(told[0] + told[1])
    }

    /// Checks a handler's return: it must not have mistaken an end within a message for one between messages. While the
    /// server shuts down, the end may be the server's, before any byte of the message has arrived.
    func handlerReturned(_ port: UInt16?) {
        guard graceEnd == .distantFuture else { return }
        guard let peer = port.flatMap({ peers[$0] }) as? MessagePeer, peer.hasMisbehaved else { return }
        network.fail("the handler of peer \(peer.port) got no error, although the peer died within a message")
    }

    /// Whether a peer or the network has broken the peer's connection.
    func hasBroken(_ port: UInt16?) -> Bool {
        port.flatMap { peers[$0] }?.hasBroken ?? false
    }

    /// Checks the server's return: it must follow the end of the grace closely, even if peers are slow or silent.
    func serverReturned() {
        guard network.now > graceEnd else { return }
        let allowance = network.busy.sum(after: graceEnd) + network.lateness.sum(after: graceEnd)
        let late = graceEnd.nanoseconds(to: network.now)
        guard late > Self.longestReset + Self.momentForRelays + allowance else { return }
        network.fail("the server returned \(late / 1_000_000) ms after the end of its grace")
    }

    // MARK: Errors

    /// Checks an error of a handler: it must have a reason. Its peer may see the connection fail.
    func thrown(_ error: any Error, by port: UInt16?) {
        timing.thrown(error, timing.acceptedConnection(port))
        let name = name(of: error)
        result.errors[name, default: 0] += 1
        network.note("handler of \(port ?? 0) throws \(name)")
        // The connection failed before its handler began, so its peer is unknown.
        guard let port else { return }
        if !excused.contains(port), !hasReason(error, peers[port]) {
            network.fail("the handler of peer \(port) got an unexplained error: \(error)")
        }
        excused.insert(port)
        switch error {
        case ConnectionError.readTimedOut, ConnectionError.writeTimedOut, ConnectionError.idleTimedOut:
            timedOut.insert(port)
        default: break
        }
    }

    /// Checks an error between Eddy's own ends, which must have a reason, too.
    func thrownInExchange(_ error: any Error, by port: UInt16? = nil, isCancelled: Bool) {
        timing.thrown(error, timing.acceptedConnection(port))
        result.errors[name(of: error), default: 0] += 1
        network.note("an end of an exchange throws \(name(of: error))")
        let peer = port.flatMap { peers[$0] }
        guard !hasReasonInExchange(error, peer, isCancelled: isCancelled) else { return }
        network.fail("an end of an exchange got an unexplained error: \(error)")
    }

    /// Whether the stream of an exchange may end early or fail.
    var exchangesMayBreak: Bool {
        let counters = network.counters
        return cancelledClients > 0 || tooLongMessages > 0 || isShuttingDown || scenario.refuses || scenario.hasTimeouts
            || scenario.isLoopCrowded || scenario.isMemoryLimited || counters[.connectionReset] > 0
            || counters[.acceptAborted] > 0
    }

    private func hasReasonInExchange(_ error: any Error, _ peer: Peer?, isCancelled: Bool) -> Bool {
        guard let error = error as? ConnectionError else { return hasReason(error, peer) || isCancelled }
        return switch error {
        case .reset: exchangesMayBreak || peer?.hasBroken ?? false || network.counters[.unacknowledgedTooLong] > 0
        case .unexpectedEnd: exchangesMayBreak || peer?.hasBroken ?? false
        case .timedOut: network.counters[.unacknowledgedTooLong] > 0
        case .frameTooLong: tooLongMessages > 0
        case .cancelled: isCancelled || isShuttingDown
        default: hasReason(error, peer)
        }
    }

    private func hasReason(_ error: any Error, _ peer: Peer?) -> Bool {
        if let error = error as? ConnectError { return hasReason(error) }
        guard let error = error as? ConnectionError else { return error is CancellationError && isShuttingDown }
        // Either side of a relay may have been hit by a fault.
        let mayBeOther = scenario.workload == .relay && (network.counters[.connectionReset] > 0 || brokenUpstreams > 0)
        return switch error {
        // After a partial send, the error says that the connection failed, and not why.
        case .reset: mayBeOther || peer?.hasBroken ?? false || hasTimedOut(peer)
        case .timedOut: hasTimedOut(peer)
        case .readTimedOut: scenario.hasTimeouts || scenario.messageDeadline != nil
        case .writeTimedOut, .idleTimedOut: scenario.hasTimeouts
        case .system(.noBufferSpace): scenario.isMemoryLimited
        case .shutDown, .cancelled: isShuttingDown
        case .unexpectedEnd: peer?.hasBroken ?? false
        default: false
        }
    }

    /// Whether a connection of the handler has failed because the peer did not acknowledge.
    private func hasTimedOut(_ peer: Peer?) -> Bool {
        network.counters[.unacknowledgedTooLong] > 0
            && (scenario.workload == .relay || peer?.socket.isUnplugged ?? false)
    }

    private func hasReason(_ error: ConnectError) -> Bool {
        switch error {
        case .refused: network.counters[.connectRefused] > 0 || isShuttingDown
        case .unreachable: network.counters[.connectUnreachable] > 0
        case .timedOut:
            network.counters[.connectBlackHoled] > 0 || network.counters[.backlogFull] > 0 || isSlow
                || scenario.configuration.connectTimeout < .seconds(10)
        case .tooManyOpenFiles: scenario.descriptorLimit < 1024
        case .tooManyConnections: scenario.isLoopCrowded
        case .cancelled, .shutDown: isShuttingDown
        default: false
        }
    }

    /// A stalled loop may miss a connect deadline.
    private var isSlow: Bool { network.counters[.loopStall] > 0 }
}
