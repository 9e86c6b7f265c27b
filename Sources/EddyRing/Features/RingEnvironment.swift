internal import Glibc

/// The configuration of rings by the environment: `EDDY_ENGINE` and `EDDY_DISABLE`, read once on first use.
struct RingEnvironment: Equatable {
    /// The requested engine.
    private(set) var engine: EngineKind?
    /// The disabled features.
    private(set) var disabled: Set<RingFeature> = []

    static let current = Result { () throws(RingError) in
        try RingEnvironment(
            engine: unsafe getenv("EDDY_ENGINE").map { unsafe String(cString: $0) },
            disable: unsafe getenv("EDDY_DISABLE").map { unsafe String(cString: $0) }
        )
    }

    /// - Parameters:
    ///   - engine: the name of an engine; empty or nil selects the system's best.
    ///   - disable: comma-separated names of features or tiers.
    init(engine: String?, disable: String?) throws(RingError) {
        if let engine, !engine.isEmpty {
            guard let kind = EngineKind.allCases.first(where: { $0.rawValue == engine }) else {
                let known = EngineKind.allCases.map(\.rawValue)
                throw .environment(variable: "EDDY_ENGINE", value: engine, known: known)
            }
            self.engine = kind
        }
        for name in (disable ?? "").split(separator: ",") {
            let name = String(String(name.drop { $0 == " " }.reversed()).drop { $0 == " " }.reversed())
            guard !name.isEmpty else { continue }
            if let feature = RingFeature(rawValue: name) {
                disabled.insert(feature)
            } else if let tier = Tier(rawValue: name) {
                disabled.formUnion(RingFeature.allCases.filter { $0.kernel > tier.kernel })
            } else {
                let known = RingFeature.allCases.map(\.rawValue) + Tier.allCases.map(\.rawValue)
                throw .environment(variable: "EDDY_DISABLE", value: name, known: known)
            }
        }
    }

    /// Names for all features newer than a kernel release, to make a newer kernel behave like that release.
    private enum Tier: String, CaseIterable {
        case linux6_1 = "tier-6.1"
        case linux5_19 = "tier-5.19"

        var kernel: (major: Int, minor: Int) {
            switch self {
            case .linux6_1: (6, 1)
            case .linux5_19: (5, 19)
            }
        }
    }
}
