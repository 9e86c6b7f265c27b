import ArgumentParser

/// How peers are compared.
struct ComparisonOptions: ParsableArguments {
    @OptionGroup var load: LoadOptions

    @Option(help: "Number of rounds, each of which measures everything. The result is the median.")
    var rounds = 5

    @Option(
        help: ArgumentHelp(
            "A measurement is repeated if other processes used more of a processor during it.",
            valueName: "percent"
        )
    )
    var tolerateDisturbance = 5.0

    @Flag(help: "Measure all configurations of the io_uring server in C, in place of the one that wins in each case.")
    var variants = false

    func validate() throws {
        guard rounds > 0 else { throw ValidationError("--rounds must be 1 or more") }
        guard tolerateDisturbance >= 0 else { throw ValidationError("--tolerate-disturbance must not be negative") }
    }

    func comparison(
        of peers: [Peer],
        in defaultCases: [LoadCase],
        with programs: ProgramFolder
    ) throws -> Comparison {
        let cores = try CPU.firstTwo()
        return Comparison(
            peers: peers,
            cases: load.cases(or: defaultCases),
            rounds: rounds,
            load: load.load(programs, on: cores.load),
            serverCore: cores.server,
            tolerableDisturbance: tolerateDisturbance / 100
        )
    }
}
