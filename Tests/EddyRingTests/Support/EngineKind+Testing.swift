import EddyRing

extension EngineKind {
    /// Those whose network is the system's, as far as this system gives them.
    static let tested = allCases.filter { engine in
        do { return try Ring(engine: engine).kind == engine } catch { return false }
    }

    /// What it can do beyond what Eddy cannot do without.
    var features: RingFeatures {
        self == .simulated ? Self.simulatedFeatures : Self.allFeatures[self] ?? RingFeatures()
    }

    private static let allFeatures = Dictionary(
        uniqueKeysWithValues: tested.map { engine in
            do { return (engine, try RingFeatures.probed(on: engine)) } catch { preconditionFailure("\(error)") }
        }
    )

    /// A simulated ring's sockets are not the system's, so they cannot be tried as the others are.
    private static let simulatedFeatures = RingFeatures(RingFeature.allCases.filter { $0 != .fixedBuffers })
}
