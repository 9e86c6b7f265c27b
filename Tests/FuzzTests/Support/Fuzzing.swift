import EddySimulation
import Foundation
import Testing

/// One case: the damaged input, and further choices from the same seed.
struct FuzzCase {
    let input: [UInt8]
    var random: SeededGenerator

    var text: String { String(decoding: input, as: UTF8.self) }
}

/// A property that does not hold.
struct Violation: Error, CustomStringConvertible {
    let description: String
}

/// Ends a case with a message unless the condition holds.
func require(_ holds: Bool, _ message: @autoclosure () -> String) throws(Violation) {
    guard holds else { throw Violation(description: message()) }
}

/// Runs a target on its corpus and on damaged copies of it. Stops at the first case that fails.
///
/// - Parameters:
///   - share: runs one case in `share`, for a slow target.
///   - check: throws when a property does not hold.
func fuzz(
    _ target: String,
    corpus: [String],
    raw: [[UInt8]] = [],
    dictionary: [String] = [],
    share: Int = 1,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ check: (inout FuzzCase) async throws -> Void
) async {
    let corpus = corpus.map { Array($0.utf8) } + raw
    let mutator = Mutator(corpus: corpus, dictionary: dictionary.map { Array($0.utf8) })
    let watch = CrashWatch.shared

    func holds(_ input: [UInt8], seed: UInt64?) async -> Bool {
        var random = SeededGenerator(seed: seed ?? 0)
        let input = seed == nil ? input : mutator.input(&random)
        var fuzzCase = FuzzCase(input: input, random: random)
        let origin = seed.map { "EDDY_FUZZ_SEED=\($0) EDDY_FUZZ_CASES=\(share)" } ?? "the corpus"
        watch.begin("\(target), \(origin), input ", input)
        defer { watch.end() }
        do {
            try await check(&fuzzCase)
            return true
        } catch {
            let text = "\(target), \(origin): \(error); input \(input.escaped)"
            Issue.record(Comment(rawValue: text), sourceLocation: sourceLocation)
            return false
        }
    }

    if FuzzSettings.seed == nil {
        for input in corpus {
            guard await holds(input, seed: nil) else { return }
        }
    }
    for start in FuzzSettings.starts {
        for number in 0..<max(1, FuzzSettings.cases / share) {
            guard await holds([], seed: start &+ UInt64(number)) else { return }
        }
    }
}

private enum FuzzSettings {
    /// Number of cases in each range of seeds.
    static let cases = number("EDDY_FUZZ_CASES").map { max(1, Int(clamping: $0)) } ?? 2000

    static let seed = number("EDDY_FUZZ_SEED")

    /// The starts of the ranges: fixed ones, which every run repeats, and those of the current day of the year.
    static let starts: [UInt64] = {
        if let seed { return [seed] }
        var now = time(nil)
        var today = tm()
        gmtime_r(&now, &today)
        return [0, UInt64(today.tm_yday + 1) << 32]
    }()

    private static func number(_ variable: String) -> UInt64? {
        ProcessInfo.processInfo.environment[variable].flatMap { UInt64($0) }
    }
}

extension [UInt8] {
    /// As a Swift literal, to be added to a corpus.
    var escaped: String {
        if let text = String(validating: self, as: UTF8.self) { return text.debugDescription }
        return "\(self)"
    }
}
