import ArgumentParser
import Glibc

struct IsolationCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "isolation",
        abstract: "Show how clients that stall, flood or dribble affect healthy ones, and how much memory they take."
    )

    @Option(help: ArgumentHelp("The eddy command to measure.", valueName: "path"))
    var eddy: String

    @Option(
        help: ArgumentHelp(
            "Scenarios or families of them, separated by commas (default: all). Families are "
                + (IsolationScenarios.families.map(\.name) + [IsolationScenarios.keptValues.name]).joined(
                    separator: ", "
                )
                + "; a number chooses the attackers: echo-push-50.",
            valueName: "names"
        )
    )
    var scenarios: CommaSeparated<String>?

    @Option(help: "The engine of the server.")
    var engine = IsolationEngine.uring

    @Option(help: "The server's event loops.")
    var loops = 1

    @Option(
        help: ArgumentHelp("How long the probe is alone, the first second of it not counted.", valueName: "seconds")
    )
    var quiet = 4

    @Option(help: ArgumentHelp("How long an attack takes.", valueName: "seconds"))
    var attack = 8

    @Option(help: ArgumentHelp("How long the server may take to return memory.", valueName: "seconds"))
    var recovery = 15

    @Flag(help: "Print each second of each scenario to standard error.")
    var details = false

    @Flag(help: "Exit with 1 if a limit was missed.")
    var strict = false

    @Option(help: "Output format.")
    var format = OutputFormat.markdown

    func validate() throws {
        guard (1...64).contains(loops) else { throw ValidationError("--loops must be from 1 to 64") }
        guard (2...600).contains(quiet) else { throw ValidationError("--quiet must be from 2 to 600 seconds") }
        guard (2...600).contains(attack) else { throw ValidationError("--attack must be from 2 to 600 seconds") }
        guard (0...600).contains(recovery) else { throw ValidationError("--recovery must be from 0 to 600 seconds") }
    }

    func run() throws {
        let chosen = try scenarios?.elements.flatMap(IsolationScenarios.named) ?? IsolationScenarios.all
        let run = IsolationRun(
            programs: try ProgramFolder(eddy: eddy),
            engine: engine,
            loops: loops,
            phases: IsolationPhases(quiet: quiet, attack: attack, recovery: recovery),
            cores: try? CPU.firstTwo()
        )
        // Inherited by all programs that it starts. Without the privilege nothing changes.
        _ = nice(-10)
        let results = chosen.map { scenario in
            report("\(scenario.name): \(quiet) s, \(attack) s of attack, at most \(recovery) s after")
            let result = Self.result(of: scenario, in: run)
            if details, let table = result.details { report("\(table.text)\n") }
            report("  \(result.row.dropFirst().joined(separator: ", "))")
            return result
        }
        try format.print(results) { Self.table(of: $0, in: run) }
        if strict, results.contains(where: \.missesLimit) { throw ExitCode(1) }
    }

    /// A scenario that fails does not end the run.
    private static func result(of scenario: IsolationScenario, in run: IsolationRun) -> IsolationResult {
        do { return try run.run(scenario) } catch { return IsolationResult(scenario, failure: "\(error)") }
    }

    private static func table(of results: [IsolationResult], in run: IsolationRun) -> String {
        var table = Table(IsolationResult.header)
        table.rows = results.map(\.row)
        let loops = run.loops == 1 ? "one loop" : "\(run.loops) loops"
        return """
            \(table.text)

            \(run.engine.rawValue), \(loops); \(run.phases.attack) s of attack after \(run.phases.quiet) s without; \
            \(Machine().description). ✗: misses its limit.
            """
    }
}
