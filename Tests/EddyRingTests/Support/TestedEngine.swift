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

    /// All.
    static let all = real + [TestedEngine(kind: .simulated), TestedEngine(kind: .simulated, hasFaults: true)]

    /// Each with incremental and classic buffers, as far as it has them.
    static let withBuffers = all.flatMap { engine in
        (engine.features.incrementalBuffers ? [true, false] : [false]).map { (engine, $0) }
    }
}
