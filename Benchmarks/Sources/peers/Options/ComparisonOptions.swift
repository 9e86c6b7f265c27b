import ArgumentParser

/// How peers are compared under load.
struct ComparisonOptions: ParsableArguments {
    @Option(
        name: .customLong("case"),
        help: ArgumentHelp(
            "Connections, message size and depth, with commas between cases: 1x64,50x16k,50x64x16 (default: all).",
            valueName: "cases"
        )
    )
    var cases: CommaSeparated<LoadCase>?

    @Option(help: "How often everything is measured. The medians count.")
    var rounds = 5

    @Option(help: "How long a measurement takes.")
    var seconds = 1.5

    @Option(help: "How long the load runs before it is measured, in seconds.")
    var warmup = 0.5

    @Option(
        help: ArgumentHelp(
            "A measurement is done again if others used more of a processor during it.",
            valueName: "percent"
        )
    )
    var tolerateDisturbance = 5.0

    func validate() throws {
        guard rounds > 0 else { throw ValidationError("--rounds must be 1 or more") }
        guard (0.05...3600).contains(seconds) else { throw ValidationError("--seconds must be from 0.05 to 3600") }
        guard (0...3600).contains(warmup) else { throw ValidationError("--warmup must be from 0 to 3600") }
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
            cases: cases?.elements ?? defaultCases,
            rounds: rounds,
            load: Load(programs, on: cores.load, seconds: seconds, warmup: warmup),
            serverCore: cores.server,
            tolerableDisturbance: tolerateDisturbance / 100
        )
    }
}
