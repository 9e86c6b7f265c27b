import Eddy
import EddyBuffers
import EddyRing
import EddySimulation

/// The parameters that a seed determines: the workload, its limits, and the faults.
struct Scenario: Sendable {
    enum Workload: String, CaseIterable, Sendable {
        /// Peers send, and receive what they sent.
        case echo
        /// The same through a relay to another peer.
        case relay
        /// Eddy clients and an Eddy server exchange messages.
        case exchange
        /// Peers request or send large amounts of bytes.
        case bulk
        /// Many short connections.
        case churn
        /// Well-behaved peers among hostile ones.
        case neighbours

        /// The workloads that the first number of a seed chooses from.
        static let drawn: [Workload] = [.echo, .relay, .exchange, .bulk, .churn]
    }

    private(set) var workload: Workload
    private(set) var configuration: EventLoop.Configuration
    private(set) var options: TCPServer.Options
    let features: RingFeatures
    let submissionEntries: UInt32
    let completionEntries: UInt32
    let rates: SimulatedFaultRates
    let line: SimulatedLine
    private(set) var descriptorLimit: Int
    /// Whether the loop's own rules may refuse or reset connections.
    let isMemoryLimited: Bool
    let hasTimeouts: Bool
    private(set) var refuses: Bool
    private(set) var shutsDownInTheMiddle: Bool
    /// Whether the loop is limited to a few connections, possibly fewer than its server's limit.
    private(set) var isLoopCrowded = false
    /// The deadline for the rest of a message whose head has arrived; nil: no deadline.
    private(set) var messageDeadline: Duration?

    init(_ random: inout SeededGenerator) {
        workload = Workload.drawn[Int(random.next() % UInt64(Workload.drawn.count))]
        submissionEntries = 1 << UInt32(random.next() % 8)
        completionEntries = 1 << UInt32(random.next() % 9)
        rates = Self.rates(&random)
        line = Self.line(&random)
        features = RingFeatures(
            RingFeature.allCases.filter {
                ![.deferredTaskWork, .absoluteDeadlines, .fixedBuffers].contains($0) && !random.once(in: 3)
            }
        )
        isMemoryLimited = random.once(in: 5)
        hasTimeouts = random.once(in: 5)
        shutsDownInTheMiddle = random.once(in: 8)
        let isCrowded = random.once(in: 4)
        // Clients on the same loop would hold descriptors that their server waits for.
        descriptorLimit = isCrowded && workload != .exchange ? 3 + Int(random.next() % 12) : 1024
        configuration = Self.configuration(&random, isMemoryLimited: isMemoryLimited, hasTimeouts: hasTimeouts)
        var options = TCPServer.Options()
        options.backlog = 1 + Int(random.next() % 32)
        if random.once(in: 5) { options.maximumConnections = 1 + Int(random.next() % 8) }
        options.atLimit = random.once(in: 2) ? .pause : .refuse
        self.options = options
        refuses = options.maximumConnections != nil && options.atLimit == .refuse
    }

    /// Varies values that the first generator does not draw, so that other seeds are unaffected.
    mutating func vary(_ random: inout SeededGenerator) {
        if random.once(in: 3) {
            beNeighbours(&random)
        } else if workload == .exchange {
            configuration.connectTimeout = .milliseconds(random.magnitude(1...20_000))
            if random.once(in: 2) {
                isLoopCrowded = true
                configuration.maximumConnections = 1 + Int(random.next() % 8)
            }
        }
        configuration.closeTimeout = .milliseconds(random.magnitude(2000...120_000))
        // The oracles learn of a read timeout from the handler.
        if random.once(in: 2), configuration.timeouts.read == nil { options.handlerStart = .onFirstByte(within: nil) }
    }

    private mutating func beNeighbours(_ random: inout SeededGenerator) {
        workload = .neighbours
        if random.once(in: 3) { messageDeadline = .milliseconds(random.magnitude(1...5000)) }
        if isMemoryLimited {
            // Large enough that a few connections can hold all of the memory.
            configuration.receiveWindow = random.magnitude(1...(1 << 20))
        }
        // With a shorter timeout, a peer with a high latency would count as one that accepts nothing.
        if isMemoryLimited, !random.once(in: 4) { configuration.starvationTimeout = .seconds(100) }
    }

    private static func rates(_ random: inout SeededGenerator) -> SimulatedFaultRates {
        var rates = SimulatedFaultRates()
        guard !random.once(in: 8) else { return rates }
        let frequency = [5, 20, 100][Int(random.next() % 3)]
        for fault in SimulatedFault.allCases where fault.hasRate && random.once(in: 2) {
            rates[fault] = frequency + random.magnitude(0...1000)
        }
        // These faults end connections or stall the loop, so they are rarer.
        if rates[.connectionReset] > 0 { rates[.connectionReset] *= 20 }
        if rates[.loopStall] > 0 { rates[.loopStall] *= 50 }
        return rates
    }

    private static func line(_ random: inout SeededGenerator) -> SimulatedLine {
        var line = SimulatedLine()
        line.latency = UInt64(random.magnitude(500...20_000_000))
        line.nanosecondsPerByte = UInt64(random.magnitude(0...500))
        line.sendBuffer = random.magnitude(128...(256 << 10))
        line.receiveBuffer = random.magnitude(128...(256 << 10))
        return line
    }

    private static func configuration(
        _ random: inout SeededGenerator,
        isMemoryLimited: Bool,
        hasTimeouts: Bool
    ) -> EventLoop.Configuration {
        var configuration = EventLoop.Configuration()
        configuration.watchdog = nil
        configuration.receiveWindow = random.magnitude(1...(128 << 10))
        configuration.highWatermark = random.magnitude(1...(128 << 10))
        configuration.lowWatermark = random.magnitude(1...configuration.highWatermark)
        configuration.zeroCopy = [.automatic, .always, .never][Int(random.next() % 3)]
        configuration.zeroCopyThreshold = random.magnitude(1...(16 << 10))
        configuration.closeTimeout = .seconds(120)
        configuration.pool.receiveChunkSize = 1 << (12 + Int(random.next() % 5))
        configuration.pool.maximumBytes = isMemoryLimited ? 4 << 20 : 32 << 20
        if isMemoryLimited {
            configuration.receiveWindow = random.magnitude(1...(1 << 20))
            configuration.highWatermark = max(configuration.highWatermark, random.magnitude(1...(1 << 20)))
            configuration.starvationTimeout = .microseconds(random.magnitude(100...1_000_000))
        }
        configuration.pool.poisonsMemory = random.once(in: 2)
        if hasTimeouts {
            configuration.timeouts = .init(
                read: random.once(in: 2) ? .milliseconds(random.magnitude(1...2000)) : nil,
                write: random.once(in: 2) ? .milliseconds(random.magnitude(1...2000)) : nil,
                idle: random.once(in: 2) ? .milliseconds(random.magnitude(1...2000)) : nil
            )
        }
        return configuration
    }
}
