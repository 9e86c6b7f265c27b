import Foundation

/// Runs scenarios, each with a server of its own: starts the programs, and samples the server's memory meanwhile.
struct IsolationRun {
    let programs: ProgramFolder
    let engine: IsolationEngine
    let loops: Int
    let phases: IsolationPhases
    /// One for the server and one for everything else; nil if there is only one.
    let cores: (server: CPU, load: CPU)?

    func run(_ scenario: IsolationScenario) throws -> IsolationResult {
        let upstream = scenario.service.isRelay ? try RunningServer(load([programs["isolation-upstream"]])) : nil
        defer { upstream?.end() }
        let server = try RunningServer(program(of: scenario.service, upstream: upstream?.address ?? ""))
        defer { server.end() }

        let start = MonotonicTime.now.advanced(bySeconds: 0.3)
        let probe = try startProbe(of: scenario.service, at: server, from: start)
        defer { probe.end() }
        let others = OtherProcesses(apartFrom: [server.process, probe.process] + (upstream.map { [$0.process] } ?? []))
        let outcome = try attack(server, with: scenario.attack, from: start)
        let disturbance = others.disturbance(apartFrom: outcome.processorSeconds)

        let (text, exitCode) = probe.waitForOutput()
        guard exitCode == 0 else { throw PeersError("the probe failed with exit code \(exitCode)") }
        let report = try decode(ProbeReport.self, from: text)
        // An upstream that never reads would keep its pending bytes in the relay.
        upstream?.end()
        let after = try recover(server, from: start, to: outcome.before)

        let memory = MemoryFigures(
            before: outcome.before,
            peak: outcome.peak,
            after: after,
            attackers: scenario.attack.count
        )
        return IsolationResult(
            scenario,
            probe: ProbeFigures(report, phases),
            memory: memory,
            outcome: outcome,
            loops: loops,
            disturbance: disturbance
        )
    }

    // MARK: - Programs

    private func program(of service: IsolationService, upstream: String) -> Program {
        var program = Program(
            service.arguments(programs, loops: loops, upstream: upstream, attackSeconds: phases.attack)
        )
        program.environment = engine.environment
        program.core = cores?.server
        return program
    }

    private func load(_ arguments: [String]) -> Program {
        var program = Program(arguments)
        program.core = cores?.load
        return program
    }

    private func startProbe(
        of service: IsolationService,
        at server: RunningServer,
        from start: MonotonicTime
    ) throws -> RunningProgram {
        let end = start.advanced(bySeconds: Double(phases.probeSeconds))
        return try RunningProgram(
            load([
                programs["isolation-probe"], server.address, "--form", service.form.rawValue,
                "--from", "\(start.nanoseconds)", "--until", "\(end.nanoseconds)",
            ])
        )
    }

    // MARK: - The attack

    struct Outcome {
        /// Resident bytes of the server.
        let before: Int
        let peak: Int
        var attackers: AttackReport?
        var store: StoreReport?
        var quietStore: StoreReport?
        /// Processor time of the attackers.
        var processorSeconds = 0.0
    }

    private func attack(
        _ server: RunningServer,
        with attack: IsolationScenario.Attack,
        from start: MonotonicTime
    ) throws -> Outcome {
        switch attack {
        case .clients(let attackers): try self.attack(server, with: attackers, from: start)
        case .keptValues(let values): try fill(server, with: values, from: start)
        }
    }

    private func attack(
        _ server: RunningServer,
        with attackers: Attackers,
        from start: MonotonicTime
    ) throws -> Outcome {
        let from = start.advanced(bySeconds: Double(phases.quiet))
        let until = from.advanced(bySeconds: Double(phases.attack))
        let times = ["--from", "\(from.nanoseconds)", "--until", "\(until.nanoseconds)"]
        let running = try RunningProgram(
            load([programs["isolation-attackers"], server.address] + attackers.arguments + times)
        )
        defer { running.end() }
        let before = try peakBytes(of: server, until: from)
        let peak = try peakBytes(of: server, until: until)
        let processorSeconds = ProcessStatistics(process: running.process).processorSeconds
        let (text, exitCode) = running.waitForOutput()
        guard exitCode == 0 else { throw PeersError("the attackers failed with exit code \(exitCode)") }
        var outcome = Outcome(before: before, peak: peak, attackers: try decode(AttackReport.self, from: text))
        outcome.processorSeconds = processorSeconds
        return outcome
    }

    private func fill(
        _ server: RunningServer,
        with values: KeptValues,
        from start: MonotonicTime
    ) throws -> Outcome {
        func store(_ arguments: [String]) throws -> StoreReport {
            let running = try RunningProgram(load([programs["store-load"], server.address] + arguments))
            defer { running.end() }
            let (text, exitCode) = running.waitForOutput()
            guard exitCode == 0 else { throw PeersError("the store's clients failed with exit code \(exitCode)") }
            return try decode(StoreReport.self, from: text)
        }
        let quiet = try store(values.clientArguments)
        let before = try peakBytes(of: server, until: start.advanced(bySeconds: Double(phases.quiet)))
        let filled = try store(values.fillArguments)
        guard filled.completed == values.fillers else {
            throw PeersError(
                "the store did not take all values; \(filled.failed) of \(values.fillers) clients were reset"
            )
        }
        let then = try store(values.clientArguments)
        let until = start.advanced(bySeconds: Double(phases.quiet + phases.attack))
        var outcome = Outcome(before: before, peak: try peakBytes(of: server, until: until))
        outcome.store = then
        outcome.quietStore = quiet
        return outcome
    }

    // MARK: - Memory

    /// The highest of all samples until `end`; there is at least one.
    private func peakBytes(of server: RunningServer, until end: MonotonicTime) throws -> Int {
        let statistics = ProcessStatistics(process: server.process)
        var peak = try statistics.roughResidentBytes()
        while MonotonicTime.now < end {
            usleep(50_000)
            peak = max(peak, try statistics.roughResidentBytes())
        }
        return peak
    }

    /// Waits until the memory is close to its initial value, at most for the recovery.
    private func recover(_ server: RunningServer, from start: MonotonicTime, to before: Int) throws -> Int {
        let statistics = ProcessStatistics(process: server.process)
        let end = start.advanced(bySeconds: Double(phases.quiet + phases.attack + phases.recovery))
        while true {
            let bytes = try statistics.roughResidentBytes()
            if bytes <= before + 1 << 20 || MonotonicTime.now >= end { return bytes }
            usleep(200_000)
        }
    }

    private func decode<Report: Decodable>(_ type: Report.Type, from text: String) throws -> Report {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(type, from: Data(text.utf8))
    }
}

extension IsolationScenario.Attack {
    /// The number of clients.
    var count: Int {
        switch self {
        case .clients(let attackers): attackers.count
        case .keptValues(let values): values.clients
        }
    }
}
