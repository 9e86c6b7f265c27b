/// The operations for both kinds, generated beforehand, so that generating is not measured.
struct Plan {
    /// When the first timers are due, in nanoseconds from now.
    let deadlines: [Int64]
    /// The order in which they are replaced, repeatedly.
    let order: [Int]
    /// When their replacements are due: enough for each of a million to be replaced several times.
    let replacements: [Int64]

    init(pending: Int, seed: UInt64) {
        var generator = SplitMix(state: seed)
        deadlines = (0..<pending).map { _ in Self.deadline(using: &generator) }
        order = (0..<pending).shuffled(using: &generator)
        replacements = (0..<4_000_000).map { _ in Self.deadline(using: &generator) }
    }

    private static func deadline(using generator: inout SplitMix) -> Int64 {
        Int64.random(in: 30_000_000_000..<90_000_000_000, using: &generator)
    }
}

private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
