import ArgumentParser
import EddySimulation

@main
struct SimulatorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "eddy-simulator",
        abstract: "Runs Eddy on a simulated network that injects faults, reproducibly by seed."
    )

    @Option(help: "The number of seeds to run.")
    var seeds = 1000

    @Option(help: "The first seed.")
    var from: UInt64 = 0

    @Option(help: "Run every n-th seed only, so that several processes can share the work.")
    var stride = 1

    @Option(help: "Run only this seed, and print every event.")
    var seed: UInt64?

    func validate() throws {
        guard seeds > 0, stride > 0 else { throw ValidationError("seeds and stride must be at least 1") }
    }

    func run() throws {
        CrashNotice.install()
        if let seed { return try runAlone(seed) }
        var total = SimulationResult()
        for number in Swift.stride(from: 0, to: seeds, by: stride) {
            let seed = from + UInt64(number)
            CrashNotice.running(seed)
            total.add(try Simulation.run(seed: seed))
        }
        total.printCounters()
        print("trace \(String(total.hash, radix: 16))")
    }

    private func runAlone(_ seed: UInt64) throws {
        CrashNotice.running(seed)
        let result = try Simulation.run(seed: seed, isLogging: true)
        print("seed \(seed): no violation, trace \(String(result.hash, radix: 16))")
    }
}

extension SimulationResult {
    /// The combined hash depends on the order of the seeds.
    mutating func add(_ other: SimulationResult) {
        hash = hash &* 31 &+ other.hash
        counters += other.counters
        errors.merge(other.errors, uniquingKeysWith: +)
        memoryShortages += other.memoryShortages
    }

    func printCounters() {
        for fault in SimulatedFault.allCases { print("\(fault) \(counters[fault])") }
        for error in Set(errorsToMeet).union(errors.keys).sorted() { print("\(error) \(errors[error] ?? 0)") }
        print("memoryShortages \(memoryShortages)")
        print("connections \(counters.connections)")
        print("bytes \(counters.bytes)")
        print("submissions \(counters.submissions)")
        print("completions \(counters.completions)")
    }
}
