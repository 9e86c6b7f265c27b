import EddyRing

extension EngineKind {
    /// Those that this system gives: what an engine promises is tested on each.
    static let tested = allCases.filter { engine in
        do { return try Ring(engine: engine).kind == engine } catch { return false }
    }

    /// What it can do beyond what Eddy cannot do without.
    var features: RingFeatures { Self.allFeatures[self] ?? RingFeatures() }

    private static let allFeatures = Dictionary(uniqueKeysWithValues: tested.map { ($0, RingFeatures.probed(on: $0)) })

    /// Each engine with incremental and classic buffers, as far as it has them.
    static let withBuffers = tested.flatMap { engine in
        (engine.features.incrementalBuffers ? [true, false] : [false]).map { (engine, $0) }
    }
}
