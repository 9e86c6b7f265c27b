import ArgumentParser

/// How servers are loaded.
struct LoadOptions: ParsableArguments {
    @Option(
        name: .customLong("case"),
        help: ArgumentHelp(
            "Connections, message size and depth; cases separated by commas: 1x64,50x16k,50x64x16.",
            valueName: "cases"
        )
    )
    var chosenCases: CommaSeparated<LoadCase>?

    @Option(help: "How long a measurement takes.")
    var seconds = 1.5

    @Option(help: "How long the load runs before it is measured, in seconds.")
    var warmup = 0.5

    func validate() throws {
        guard (0.05...3600).contains(seconds) else { throw ValidationError("--seconds must be from 0.05 to 3600") }
        guard (0...3600).contains(warmup) else { throw ValidationError("--warmup must be from 0 to 3600") }
    }

    func cases(or defaults: [LoadCase]) -> [LoadCase] {
        chosenCases?.elements ?? defaults
    }

    func load(_ programs: ProgramFolder, on core: CPU) -> Load {
        Load(programs, on: core, seconds: seconds, warmup: warmup)
    }
}
