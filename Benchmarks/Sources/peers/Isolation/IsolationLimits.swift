/// How much healthy clients may notice of others, and how much memory these may take. Nil: no limit.
struct IsolationLimits {
    /// Parts of the undisturbed answers.
    var answersKept: Double? = 0.95
    var worstSecond: Double? = 0.60
    /// The 99th percentile of latency as a multiple of the undisturbed one, or how much longer it may be.
    var p99Ratio: Double? = 2
    var extraDelayMs: Double?
    var failures: Int? = 0
    /// Memory for each attacker.
    var bytesPerAttacker: Double?
    /// What a loop's pool may have by default. A server with several loops may have as many times that.
    var growthPerLoop: Int? = 128 << 20
    var unreturnedBytes: Int? = 8 << 20
    /// How long clients of a store may take.
    var storeSeconds: Double?

    init() {}

    /// A MiB for each of 20 attackers, 32 KiB for each of 2,000.
    init(attackers count: Int) {
        bytesPerAttacker = min(Double(1 << 20), 2000 * Double(32 << 10) / Double(count))
    }

    /// All attackers want as much as the probe, which therefore has its turn after each of theirs: 5 ms with one, 50 ms
    /// with a hundred.
    init(blasters count: Int) {
        self.init(attackers: count)
        answersKept = nil
        worstSecond = nil
        p99Ratio = nil
        extraDelayMs = max(5, 0.5 * Double(count))
    }

    /// The values are to stay, so their memory has no limit.
    static var keptValues: IsolationLimits {
        var limits = IsolationLimits()
        limits.growthPerLoop = nil
        limits.unreturnedBytes = nil
        limits.storeSeconds = 1
        return limits
    }
}

/// Something that has a limit, in one scenario.
struct IsolationVerdict: Encodable, Equatable {
    enum Subject: String, Encodable {
        case answersKept
        case worstSecond
        case latency
        case failures
        case memoryPerAttacker
        case memoryGrowth
        case memoryUnreturned
        case storeClients
    }

    let subject: Subject
    let isMissed: Bool
}

extension IsolationLimits {
    /// A figure that is not a number misses its limit: nothing was measured.
    func verdicts(
        on probe: ProbeFigures,
        _ memory: MemoryFigures,
        store: StoreReport?,
        clients: Int,
        loops: Int
    ) -> [IsolationVerdict] {
        var verdicts: [IsolationVerdict] = []
        func add(_ subject: IsolationVerdict.Subject, _ limit: Double?, isKept: (Double) -> Bool) {
            if let limit { verdicts.append(IsolationVerdict(subject: subject, isMissed: !isKept(limit))) }
        }
        add(.answersKept, answersKept) { probe.answersKept >= $0 }
        add(.worstSecond, worstSecond) { probe.worstSecond >= $0 }
        add(.latency, p99Ratio) { probe.p99Ms <= $0 * probe.quietP99Ms }
        add(.latency, extraDelayMs) { probe.p99Ms - probe.quietP99Ms <= $0 }
        add(.failures, failures.map(Double.init)) { Double(probe.failures) <= $0 }
        add(.memoryPerAttacker, bytesPerAttacker) { memory.growthPerAttacker <= $0 }
        add(.memoryGrowth, growthPerLoop.map(Double.init)) { Double(memory.growth) < $0 * Double(loops) }
        add(.memoryUnreturned, unreturnedBytes.map(Double.init)) { Double(memory.unreturned) <= $0 }
        add(.storeClients, storeSeconds) { limit in
            store.map { $0.completed == clients && $0.seconds <= limit } ?? false
        }
        return verdicts
    }
}
