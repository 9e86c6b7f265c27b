import Foundation

/// The figures of a scenario, or why there are none.
struct IsolationResult: Encodable {
    let scenario: String
    /// Why the scenario could not be measured.
    var failure: String?
    var probe: ProbeFigures?
    var memory: MemoryFigures?
    var attackers: AttackReport?
    /// The clients of a full store, and of the same store before it was filled.
    var store: StoreReport?
    var quietStore: StoreReport?
    /// Processor time of other processes, as a fraction of one processor.
    var disturbance: Double?
    var verdicts: [IsolationVerdict] = []

    init(_ scenario: IsolationScenario, failure: String) {
        self.scenario = scenario.name
        self.failure = failure
    }

    init(
        _ scenario: IsolationScenario,
        probe: ProbeFigures,
        memory: MemoryFigures,
        outcome: IsolationRun.Outcome,
        loops: Int,
        disturbance: Double
    ) {
        self.scenario = scenario.name
        self.probe = probe
        self.memory = memory
        self.disturbance = disturbance
        attackers = outcome.attackers
        store = outcome.store
        quietStore = outcome.quietStore
        verdicts = scenario.limits.verdicts(
            on: probe,
            memory,
            store: outcome.store,
            clients: scenario.attack.count,
            loops: loops
        )
    }

    var missesLimit: Bool {
        failure != nil || verdicts.contains(where: \.isMissed)
    }
}

extension IsolationResult {
    static let header = [
        "scenario", "answers kept", "worst second", "p99 ms before", "p99 ms", "max ms", "resets", "MiB more",
        "KiB each", "MiB left", "others", "remarks",
    ]

    /// A row of the table. Marks figures that miss their limits.
    var row: [String] {
        guard let probe, let memory else {
            return [scenario] + Array(repeating: "", count: Self.header.count - 2) + ["✗ \(failure ?? "")"]
        }
        func marked(_ text: String, _ subject: IsolationVerdict.Subject) -> String {
            verdicts.contains { $0.subject == subject && $0.isMissed } ? "✗ \(text)" : text
        }
        // There is no latency if all connections of the probe have failed.
        func milliseconds(_ value: Double, digits: Int) -> String {
            value.isNaN ? "none" : figure(value, digits: digits)
        }
        let mebibyte = Double(1 << 20)
        return [
            scenario,
            marked(percent(probe.answersKept), .answersKept),
            marked(percent(probe.worstSecond), .worstSecond),
            milliseconds(probe.quietP99Ms, digits: 2),
            marked(milliseconds(probe.p99Ms, digits: 2), .latency),
            milliseconds(probe.maximumMs, digits: 1),
            marked("\(probe.failures)", .failures),
            marked(figure(Double(memory.growth) / mebibyte, digits: 1), .memoryGrowth),
            marked(figure(memory.growthPerAttacker / 1024), .memoryPerAttacker),
            marked(figure(Double(memory.unreturned) / mebibyte, digits: 1), .memoryUnreturned),
            percent(disturbance ?? .nan),
            marked(remarks, .storeClients),
        ]
    }

    private var remarks: String {
        var remarks: [String] = []
        if let attackers, attackers.ended > 0 {
            remarks.append("ended \(attackers.ended), the first at \(figure(attackers.firstEndedS, digits: 1)) s")
        }
        if let attackers, attackers.refused > 0 { remarks.append("refused \(attackers.refused)") }
        if let store, let quietStore {
            let before = figure(quietStore.seconds * 1e3)
            remarks.append("stored \(store.completed) in \(figure(store.seconds * 1e3)) ms, \(before) ms when empty")
        }
        return remarks.joined(separator: "; ")
    }

    /// One row per second.
    var details: Table? {
        guard let probe else { return nil }
        var table = Table([scenario, "answers", "p50 ms", "p99 ms", "max ms", "failures"])
        for second in probe.seconds {
            table.rows.append([
                "second \(second.second)", "\(second.answers)", figure(second.p50Ms, digits: 2),
                figure(second.p99Ms, digits: 2), figure(second.maximumMs, digits: 1), "\(second.failures)",
            ])
        }
        return table
    }
}
