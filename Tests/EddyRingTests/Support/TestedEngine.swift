import EddyRing
import Testing

/// An engine that contract tests run on.
struct TestedEngine: Sendable, Codable, CustomTestStringConvertible {
    let kind: EngineKind
    /// Whether the simulated network randomly makes operations slower and splits them into smaller pieces.
    var hasFaults = false

    var testDescription: String { "\(kind)\(hasFaults ? " with faults" : "")" }
    var features: RingFeatures { kind.features }
    var isSimulated: Bool { kind == .simulated }

    /// Engines that use the system's network, files and descriptors.
    static let real = EngineKind.tested.map { TestedEngine(kind: $0) }

    /// Engines on which bytes arrive in as few pieces as there is room for.
    static let faultless = real + [TestedEngine(kind: .simulated)]

    static let all = faultless + [TestedEngine(kind: .simulated, hasFaults: true)]

    /// Each engine with incremental and classic buffers, as far as it supports them.
    static let withBuffers = all.flatMap { $0.kindsOfBuffers }
    static let faultlessWithBuffers = faultless.flatMap { $0.kindsOfBuffers }
    static let realWithBuffers = real.flatMap { $0.kindsOfBuffers }

    private var kindsOfBuffers: [(TestedEngine, Bool)] {
        (features.incrementalBuffers ? [true, false] : [false]).map { (self, $0) }
    }
}
