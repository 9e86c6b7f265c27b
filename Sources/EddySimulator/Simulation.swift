import Eddy
import EddyBuffers
import EddyRing
import EddySimulation

/// What a seed has led to.
struct SimulationResult: Sendable {
    var hash: UInt64 = 0
    var census = SimulationCensus()
    /// How often each error was thrown, by its name.
    var errors: [String: Int] = [:]
    /// How often the memory of connections has become tight.
    var memoryShortages: UInt64 = 0
}

// One seed:
//
//     thread ── loop.run() ── the workload's task, the server's tasks, the handlers' tasks: all on this thread
//                  │
//                  └── enter ── the network's events, and in them the peers
//
// Whatever is seen that must never be ends the process with a line that says how to see it again.

// What must always hold, and how it is seen:
//
//     memory stays with an operation until its last completion   a checksum of every send; poison in provided buffers
//     a slice goes back once                                      none is out at the end, nor fewer
//     a descriptor is closed once, every operation ends           the network knows both
//     bytes arrive in order, whole, once                          each stream's bytes depend on their place; its end
//                                                                 comes behind the last: what breaks is reset
//     a server ends with its grace                                however silent its peers are
//     nothing grows without a limit                               queues, the pool and connections are looked at
//     no byte of recycled memory is seen                          the same patterns, and the poison
//     a timeout is neither early nor late                         what the network and the handlers have seen, and when
//     a pause is over, a refusal undone, once its reason is gone   connections that wait, and those that are open
//     who behaves well is answered in time, and never reset       beside peers that do not (NeighbourWorkload)
//
// That an echo allocates nothing, and that one thread alone touches a loop, is shown by other tests.

/// The run of one seed. One thread only.
final class Simulation: @unchecked Sendable {
    let seed: UInt64
    private(set) var scenario: Scenario
    let network: SimulatedNetwork
    let loop: EventLoop
    let ring: Ring
    let group: EventLoopGroup
    /// Where the server listens.
    let address = SocketAddress.loopback(port: 7000)
    var isShuttingDown = false {
        didSet {
            guard shutdownStart == nil, isShuttingDown else { return }
            shutdownStart = network.now
            for peer in peers.values { peer.acknowledgedAtShutdown = peer.socket.acknowledgedBytes }
        }
    }
    /// When the server was told to shut down.
    private(set) var shutdownStart: UInt64?
    /// Whether the loop itself ends.
    private(set) var isStopping = false
    private(set) lazy var timing = TimingOracle(self)
    private(set) lazy var accepting = AcceptOracle(self)
    /// Where connections are unplugged: for how long those are waited for that never hear of it; nil elsewhere.
    let patience: UInt64?
    /// Draws what only such a simulation has.
    var unplugging: SeededGenerator
    /// Where some peers keep their connections when they have everything: draws which, and for how long; nil elsewhere.
    private var keeping: SeededGenerator?
    /// Handlers that the server is running.
    var handlers = 0
    /// When connections that are left are reset.
    var graceEnd = UInt64.max
    /// Relays in which nothing is under way are ended in order, and have so long for it.
    private static let momentForRelays: UInt64 = 500_000_000
    /// Nanoseconds in which they are, beside those in which the loop is busy, or the network late.
    private static let longestReset: UInt64 = 300_000_000
    /// What clients of Eddy's own have done to their connections.
    var cancelledClients = 0
    var tooLongMessages = 0
    /// Servers behind relays that have reset their connections.
    var brokenUpstreams = 0
    private(set) var result = SimulationResult()
    private var peers: [UInt16: Peer] = [:]
    /// Peers whose handlers have thrown an error, with a reason.
    private var excused: Set<UInt16> = []
    /// Those whose handlers' waits have timed out.
    private var timedOut: Set<UInt16> = []
    /// Those whose connections are read by one task and written by another: only the grace ends them.
    private var usedByTwo: Set<UInt16> = []
    private var unfinished = 0
    private var waiter: CheckedContinuation<Void, Never>?

    /// Runs a seed on a thread of its own, and returns when it is over.
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
        // In some of the seeds more can happen. It is drawn from generators of its own: the others stay as they were.
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
            network.note("peer \(port) is not done: \(peer.words)")
        }
        printToStandardError(
            "seed \(seed) (\(scenario.workload)): \(violation)\n"
                + "see what led to it: scripts/simulate --seed \(seed)\n"
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
        result.census = network.census
        result.memoryShortages = loop.collectStatistics().memoryShortages
        peers = [:]
        network.shutDown()
    }

    /// Nothing grows beyond what the loop's limits, and the size of what the network hands over at a time, allow.
    private func checkQueues() {
        // Without a credit a receive goes on until its cancellation is done, however late that is.
        guard scenario.features.receiveLimits, scenario.rates[.cancellationFirst] == 0 else { return }
        let configuration = scenario.configuration
        let credit = 2 * configuration.receiveWindow + configuration.pool.receiveChunkSize
        let atATime = scenario.line.receiveBuffer
        let message = exchangesMessages ? ExchangeWorkload.limit + 4 : BulkWorkload.headSize
        let write = scenario.workload == .bulk ? BulkWorkload.largestWrite : message
        let (inbound, outbound) = loop.longestQueues
        if inbound > credit + atATime + message { network.fail("\(inbound) bytes wait to be read") }
        let most = configuration.highWatermark + credit + atATime + write
        if outbound > most { network.fail("\(outbound) bytes wait to be sent") }
    }

    /// Whether messages have their length before them.
    private var exchangesMessages: Bool { scenario.workload == .exchange || scenario.workload == .neighbours }

    /// The pool and the server keep to their limits.
    private func checkOccupancy() {
        let (connections, mappedBytes) = loop.occupancy
        if mappedBytes > scenario.configuration.pool.maximumBytes {
            network.fail("the pool has grown beyond its limit: \(mappedBytes) bytes")
        }
        guard let limit = scenario.options.maximumConnections else { return }
        if handlers > limit { network.fail("\(handlers) handlers run, and \(limit) connections are allowed") }
        // The loop has connections of its own there.
        guard scenario.workload != .relay, scenario.workload != .exchange else { return }
        if connections > limit { network.fail("\(connections) connections are open, and \(limit) are allowed") }
    }

    /// Everything has come back at the end.
    private func checkNothingIsLeft() {
        let statistics = loop.collectStatistics()
        let descriptors = network.openDescriptors
        if !descriptors.isEmpty { network.fail("descriptors \(descriptors) were never closed") }
        let operations = ring.operationsInFlight
        if !operations.isEmpty { network.fail("these have had no last completion: \(operations)") }
        if statistics.connections > 0 { network.fail("\(statistics.connections) connections are left") }
        if statistics.timers > 0 { network.fail("\(statistics.timers) timers are left") }
        if statistics.pool.slicesOut > 0 { network.fail("\(statistics.pool.slicesOut) slices never came back") }
        if statistics.pool.chunksLent > 0 { network.fail("\(statistics.pool.chunksLent) chunks were never taken back") }
        if statistics.queuedBytes != 0 { network.fail("queues that are gone count \(statistics.queuedBytes) bytes") }
        if loop.bytesPromised != 0 { network.fail("receives that are gone are promised \(loop.bytesPromised) bytes") }
        checkOccupancy()
        if handlers > 0 { network.fail("\(handlers) handlers are still running") }
        if unfinished > 0 { network.fail("\(unfinished) peers are still waiting") }
    }

    // MARK: Chance

    /// Nanoseconds to wait, small ones more often.
    func pause(upTo limit: Int) -> UInt64 { UInt64(network.random.magnitude(0...limit)) }

    // MARK: Peers

    /// Whether a peer keeps its connection when it has everything. None may where others would wait for its place.
    func peerKeeps() -> Bool {
        guard scenario.options.maximumConnections == nil, scenario.descriptorLimit >= 1024, !scenario.isLoopCrowded
        else { return false }
        return keeping?.once(in: 2) ?? false
    }

    /// One task reads the connection from a peer's port, and another writes to it.
    func noteTwoTasks(on port: UInt16?) {
        if let port { usedByTwo.insert(port) }
    }

    /// Nanoseconds for which a peer keeps its connection after the server has ended it.
    func keptTime() -> UInt64 { UInt64(keeping?.magnitude(0...100_000_000_000) ?? 0) }

    func register(_ peer: Peer) {
        unfinished += 1
        peers[peer.port] = peer
    }

    func peerFinished() {
        unfinished -= 1
        // As from another thread: the loop may be waiting.
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

    /// Whether a peer may have been refused: it never gets a byte.
    func mayBeRefused(_ peer: Peer) -> Bool {
        peer.received == 0 && (scenario.refuses || isShuttingDown)
    }

    /// Whether a peer's connection may break without a fault of the loop's.
    func mayBreak(_ peer: Peer) -> Bool {
        if excused.contains(peer.port) { return true }
        // One that holds memory which others wait for may be reset when its handler has ended already.
        if scenario.isMemoryLimited, loop.collectStatistics().connectionsEvicted > 0 { return true }
        return mayBreakUnevicted(peer)
    }

    /// Whether the connection of a peer that is idle may be reset: not by a server that shuts down and has had the time to
    /// end it in order.
    func mayBreak(_ peer: Peer, keptSince: UInt64) -> Bool {
        guard let shutdownStart, network.now >= graceEnd, !scenario.isMemoryLimited, !scenario.hasTimeouts else {
            return true
        }
        if peer.socket.wasStruck || peer.socket.isUnplugged || usedByTwo.contains(peer.port) { return true }
        let due = max(shutdownStart, keptSince) + Self.longestReset
        let allowance = network.busy.sum(after: due) + network.lateness.sum(after: due)
        return due + allowance >= graceEnd
    }

    /// Whether a peer's connection may break, although it was not reset for the memory that it holds.
    func mayBreakUnevicted(_ peer: Peer) -> Bool {
        if mayBeRefused(peer) || peer.socket.wasStruck || timedOut.contains(peer.port) || network.now >= graceEnd {
            return true
        }
        let statistics = loop.collectStatistics()
        // One whose handler waits for something else is reset before its handler is told.
        let told = ["idleTimedOut", "writeTimedOut"].map { result.errors["ConnectionError.\($0)", default: 0] }
        return statistics.idleTimeouts + statistics.writeTimeouts > UInt64(told[0] + told[1])
    }

    /// A handler has returned: it must not have taken an end within a message for one after it. While the server shuts down
    /// the end may be the server's, before any byte of the message has arrived.
    func handlerReturned(_ port: UInt16?) {
        guard graceEnd == .max else { return }
        guard let peer = port.flatMap({ peers[$0] }) as? MessagePeer, peer.hasMisbehaved else { return }
        network.fail("the handler of peer \(peer.port) has seen no error, and the peer died within a message")
    }

    /// Whether a peer has broken its connection, or the network has.
    func hasBroken(_ port: UInt16?) -> Bool {
        port.flatMap { peers[$0] }?.hasBroken ?? false
    }

    /// The server has returned: soon after the end of its grace, however slow its peers are, or silent.
    func serverReturned() {
        guard network.now > graceEnd else { return }
        let allowance = network.busy.sum(after: graceEnd) + network.lateness.sum(after: graceEnd)
        let late = network.now - graceEnd
        guard late > Self.longestReset + Self.momentForRelays + allowance else { return }
        network.fail("the server has returned \(late / 1_000_000) ms after the end of its grace")
    }

    // MARK: Errors

    /// A handler has thrown an error: it must have a reason, and its peer may see the end of its connection.
    func thrown(_ error: any Error, by port: UInt16?) {
        timing.thrown(error, timing.acceptedConnection(port))
        let name = name(of: error)
        result.errors[name, default: 0] += 1
        network.note("handler of \(port ?? 0) throws \(name)")
        // It broke before its handler began, and no longer knows its peer.
        guard let port else { return }
        if !excused.contains(port), !hasReason(error, peers[port]) {
            network.fail("the handler of peer \(port) got an error that nothing explains: \(error)")
        }
        excused.insert(port)
        switch error {
        case ConnectionError.readTimedOut, ConnectionError.writeTimedOut, ConnectionError.idleTimedOut:
            timedOut.insert(port)
        default: break
        }
    }

    /// Takes note of an error between Eddy's own ends, which must have a reason, too.
    func thrownInExchange(_ error: any Error, by port: UInt16? = nil, isCancelled: Bool) {
        timing.thrown(error, timing.acceptedConnection(port))
        result.errors[name(of: error), default: 0] += 1
        network.note("an end of an exchange throws \(name(of: error))")
        let peer = port.flatMap { peers[$0] }
        guard !hasReasonInExchange(error, peer, isCancelled: isCancelled) else { return }
        network.fail("an end of an exchange got an error that nothing explains: \(error)")
    }

    /// Whether the stream of an exchange may end, or break.
    var exchangesMayBreak: Bool {
        let census = network.census
        return cancelledClients > 0 || tooLongMessages > 0 || isShuttingDown || scenario.refuses || scenario.hasTimeouts
            || scenario.isLoopCrowded || scenario.isMemoryLimited || census[.connectionReset] > 0
            || census[.acceptAborted] > 0
    }

    private func hasReasonInExchange(_ error: any Error, _ peer: Peer?, isCancelled: Bool) -> Bool {
        guard let error = error as? ConnectionError else { return hasReason(error, peer) || isCancelled }
        return switch error {
        case .reset: exchangesMayBreak || peer?.hasBroken ?? false || network.census[.unacknowledgedTooLong] > 0
        case .unexpectedEnd: exchangesMayBreak || peer?.hasBroken ?? false
        case .timedOut: network.census[.unacknowledgedTooLong] > 0
        case .frameTooLong: tooLongMessages > 0
        case .cancelled: isCancelled || isShuttingDown
        default: hasReason(error, peer)
        }
    }

    private func hasReason(_ error: any Error, _ peer: Peer?) -> Bool {
        if let error = error as? ConnectError { return hasReason(error) }
        guard let error = error as? ConnectionError else { return error is CancellationError && isShuttingDown }
        // Of a relay, either side may have been struck.
        let mayBeOther = scenario.workload == .relay && (network.census[.connectionReset] > 0 || brokenUpstreams > 0)
        return switch error {
        // A send that has sent some of its bytes says that the connection broke, and not why.
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

    /// Whether a connection of the handler has broken because nobody acknowledged.
    private func hasTimedOut(_ peer: Peer?) -> Bool {
        network.census[.unacknowledgedTooLong] > 0
            && (scenario.workload == .relay || peer?.socket.isUnplugged ?? false)
    }

    private func hasReason(_ error: ConnectError) -> Bool {
        switch error {
        case .refused: network.census[.connectRefused] > 0 || isShuttingDown
        case .unreachable: network.census[.connectUnreachable] > 0
        case .timedOut:
            network.census[.connectBlackHoled] > 0 || network.census[.backlogFull] > 0 || isSlow
                || scenario.configuration.connectTimeout < .seconds(10)
        case .tooManyOpenFiles: scenario.descriptorLimit < 1024
        case .tooManyConnections: scenario.isLoopCrowded
        case .cancelled, .shutDown: isShuttingDown
        default: false
        }
    }

    /// A loop that stands still may miss the time by which a connection was to be made.
    private var isSlow: Bool { network.census[.loopStall] > 0 }
}
