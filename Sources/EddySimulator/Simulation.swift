import Eddy
import EddyBuffers
import EddyRing

/// What a seed has led to.
struct SimulationResult: Sendable {
    var hash: UInt64 = 0
    var census = SimulationCensus()
    /// How often each error was thrown, by its name.
    var errors: [String: Int] = [:]
}

// One seed:
//
//     thread ── loop.run() ── the workload's task, the server's tasks, the handlers' tasks: all on this thread
//                  │
//                  └── enter ── the network's events, and in them the peers
//
// Whatever is seen that must never be ends the process with a line that says how to see it again.

/// The run of one seed. One thread only.
final class Simulation: @unchecked Sendable {
    let seed: UInt64
    let scenario: Scenario
    let network: SimulatedNetwork
    let loop: EventLoop
    let ring: Ring
    let group: EventLoopGroup
    /// Where the server listens.
    let address = SocketAddress.loopback(port: 7000)
    var isShuttingDown = false
    private(set) var result = SimulationResult()
    private var peers: [UInt16: Peer] = [:]
    private var excused: [UInt16: String] = [:]
    private var unfinished = 0
    private var waiter: CheckedContinuation<Void, Never>?

    /// Runs a seed on a thread of its own, and returns when it is over.
    static func run(seed: UInt64, isLogging: Bool = false) throws(RingError) -> SimulationResult {
        let (thread, simulation) = try LoopThread.start(
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
        network.inspect = { [unowned self] in checkQueues() }
        network.fail = { [unowned self] in endProcess($0) }
    }

    private func endProcess(_ violation: String) -> Never {
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
            }
        Task(executorPreference: loop) {
            await workload.run()
            self.loop.stop()
        }
        loop.run()
        checkNothingIsLeft()
        result.hash = network.trace.hash
        result.census = network.census
        peers = [:]
        network.shutDown()
    }

    /// Nothing grows beyond what the loop's limits, and the size of what the network hands over at a time, allow.
    private func checkQueues() {
        let configuration = scenario.configuration
        let credit = 2 * configuration.receiveWindow + configuration.pool.receiveChunkSize
        let atATime = scenario.line.receiveBuffer
        let (inbound, outbound) = loop.longestQueues
        if inbound > credit + atATime + ExchangeWorkload.limit { network.fail("\(inbound) bytes wait to be read") }
        let most = configuration.highWatermark + credit + atATime + BulkWorkload.largestWrite
        if outbound > most { network.fail("\(outbound) bytes wait to be sent") }
    }

    /// The design's invariants, at the end.
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
        if statistics.pool.mappedBytes > scenario.configuration.pool.maximumBytes {
            network.fail("the pool has grown beyond its limit: \(statistics.pool.mappedBytes) bytes")
        }
        if unfinished > 0 { network.fail("\(unfinished) peers are still waiting") }
    }

    // MARK: Chance

    /// Nanoseconds to wait, small ones more often.
    func pause(upTo limit: Int) -> UInt64 { UInt64(network.random.magnitude(0...limit)) }

    // MARK: Peers

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

    /// Whether a peer's connection may break without a fault of the loop's.
    func mayBreak(_ peer: Peer) -> Bool {
        peer.socket.wasStruck || excused[peer.port] != nil || scenario.refuses || isShuttingDown
    }

    // MARK: Errors

    /// A handler has thrown an error: it must have a reason, and its peer may see the end of its connection.
    func thrown(_ error: any Error, by port: UInt16?) {
        let name = name(of: error)
        result.errors[name, default: 0] += 1
        network.note("handler of \(port ?? 0) throws \(name)")
        guard let port else { return }
        if excused[port] == nil, !hasReason(error, peers[port]) {
            network.fail("the handler of peer \(port) got an error that nothing explains: \(error)")
        }
        excused[port] = name
    }

    /// An error that needs no reason.
    func count(_ error: any Error) { result.errors[name(of: error), default: 0] += 1 }

    private func hasReason(_ error: any Error, _ peer: Peer?) -> Bool {
        if error is ConnectError || error is CancellationError { return true }
        guard let error = error as? ConnectionError else { return false }
        // Of a relay, either side may have been struck.
        let wasStruck = scenario.workload == .relay ? network.census[.connectionReset] > 0 : false
        switch error {
        case .reset, .timedOut: return wasStruck || peer.map { $0.misbehaves || $0.socket.wasStruck } ?? true
        case .readTimedOut, .writeTimedOut, .idleTimedOut: return scenario.hasTimeouts
        case .system(.noBufferSpace): return scenario.isMemoryLimited || scenario.rates[.bufferStorm] > 0
        case .shutDown, .cancelled: return isShuttingDown
        case .unexpectedEnd: return peer.map(\.misbehaves) ?? true
        default: return false
        }
    }
}
