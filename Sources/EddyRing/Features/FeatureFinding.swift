/// What became of one feature on this system.
package struct FeatureFinding: Sendable {
    package let feature: RingFeature
    package let status: Status
    /// How to get it; nil when it is used.
    package let remedy: String?

    package enum Status: String, Sendable, Codable {
        /// It was tried and does what is promised.
        case used
        /// `EDDY_DISABLE` names it, or a tier that it is not part of.
        case disabled
        /// It was tried, and is not there.
        case missing
    }

    /// The findings of every feature, for loops with that engine and those features.
    package static func all(with choice: EngineChoice, _ features: RingFeatures) -> [FeatureFinding] {
        RingFeature.allCases.map { FeatureFinding($0, isUsed: features[$0], choice) }
    }

    private init(_ feature: RingFeature, isUsed: Bool, _ choice: EngineChoice) {
        self.feature = feature
        if isUsed {
            (status, remedy) = (.used, nil)
        } else if !RingFeatures.permitted[feature] {
            (status, remedy) = (.disabled, "take it out of EDDY_DISABLE")
        } else {
            (status, remedy) = (.missing, Self.remedy(for: feature, choice))
        }
    }

    private static func remedy(for feature: RingFeature, _ choice: EngineChoice) -> String {
        switch (choice.kind, feature) {
        case (.simulated, _): "run on a real system"
        case (.epoll, _):
            choice.reason == .environment
                ? "io_uring alone has it; take EDDY_ENGINE out of the environment"
                : "io_uring alone has it; see the engine's reason above"
        case (.uring, .fixedBuffers):
            choice.reduction == nil
                ? "the limit of locked memory is \(LockedMemory.limit) bytes, of which a quarter is used; raise it with "
                    + "'ulimit -l'"
                : "the limit of locked memory is \(LockedMemory.limit) bytes, which the rings need; raise it with "
                    + "'ulimit -l'"
        case (.uring, .zeroCopySends):
            "run Linux \(feature.kernel.major).\(feature.kernel.minor) or newer, and allow TCP on the loopback "
                + "interface, where it is tried"
        case (.uring, _): "run Linux \(feature.kernel.major).\(feature.kernel.minor) or newer"
        }
    }
}
