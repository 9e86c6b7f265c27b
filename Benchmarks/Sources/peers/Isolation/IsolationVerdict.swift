/// Whether a figure keeps its limit.
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
    /// NaN misses its limit: nothing was measured.
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
