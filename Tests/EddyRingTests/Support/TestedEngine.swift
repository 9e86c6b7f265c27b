import EddyRing
import Testing

/// What a test of an engine's promises runs on.
struct TestedEngine: Sendable, Codable, CustomTestStringConvertible {
    let kind: EngineKind
    /// Whether the simulated network does what makes things go slower and in smaller pieces, by chance.
    var hasFaults = false

    var testDescription: String { "\(kind)\(hasFaults ? " with faults" : "")" }
    var features: RingFeatures { kind.features }
    var isSimulated: Bool { kind == .simulated }

    /// Those whose network, files and descriptors are the system's.
    static let real = EngineKind.tested.map { TestedEngine(kind: $0) }

    /// Those on which bytes come in as few pieces as there is room for.
    static let faultless = real + [TestedEngine(kind: .simulated)]

    /// All.
    static let all = faultless + [TestedEngine(kind: .simulated, hasFaults: true)]

    /// Each with incremental and classic buffers, as far as it has them.
    static let withBuffers = all.flatMap { $0.kindsOfBuffers }
    static let faultlessWithBuffers = faultless.flatMap { $0.kindsOfBuffers }
    static let realWithBuffers = real.flatMap { $0.kindsOfBuffers }

    private var kindsOfBuffers: [(TestedEngine, Bool)] {
        (features.incrementalBuffers ? [true, false] : [false]).map { (self, $0) }
    }
}
