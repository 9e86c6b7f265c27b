import EddyRing

extension EngineKind {
    /// The engines that use the system's network, as far as this system supports them.
    static let tested = allCases.filter { engine in
        do { return try Ring(engine: engine).kind == engine } catch { return false }
    }

    /// The optional features of the engine.
    var features: RingFeatures {
        self == .simulated ? Self.simulatedFeatures : Self.allFeatures[self] ?? RingFeatures()
    }

    private static let allFeatures = Dictionary(
        uniqueKeysWithValues: tested.map { engine in
            do { return (engine, try RingFeatures.probed(on: engine)) } catch { preconditionFailure("\(error)") }
        }
    )

    /// The sockets of a simulated ring are not the system's, so they cannot be probed like the others.
    private static let simulatedFeatures = RingFeatures(RingFeature.allCases.filter { $0 != .fixedBuffers })
}
