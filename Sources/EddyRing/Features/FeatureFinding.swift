internal import EddySystem

/// The status of one feature on this system.
package struct FeatureFinding: Sendable {
    package let feature: RingFeature
    package let status: Status
    /// How to enable the feature; nil if it is used.
    package let remedy: String?

    package enum Status: String, Sendable, Codable {
        /// The probe succeeded.
        case used
        /// `EDDY_DISABLE` names the feature, or a tier that excludes it.
        case disabled
        /// The probe failed.
        case missing
        /// The feature belongs to io_uring, and the engine is another one.
        case unused
    }

    /// The findings for every feature, for loops with that engine and those features.
    package static func all(with choice: EngineChoice, _ features: RingFeatures) -> [FeatureFinding] {
        RingFeature.allCases.map { FeatureFinding($0, isUsed: features[$0], choice) }
    }

    private init(_ feature: RingFeature, isUsed: Bool, _ choice: EngineChoice) {
        self.feature = feature
        if !RingFeatures.permitted[feature] {
            (status, remedy) = (.disabled, "take it out of EDDY_DISABLE")
        } else if choice.kind != .uring {
            // The epoll engine emulates some features, which does not mean that io_uring has them.
            (status, remedy) = (.unused, Self.remedy(forEngine: choice))
        } else if isUsed {
            (status, remedy) = (.used, nil)
        } else {
            (status, remedy) = (.missing, Self.remedy(for: feature, choice, kernel: SystemInformation.kernelVersion))
        }
    }

    private static func remedy(forEngine choice: EngineChoice) -> String {
        switch (choice.kind, choice.reason) {
        case (.simulated, _): "run on a real system"
        case (_, .environment): "io_uring alone has it; take EDDY_ENGINE out of the environment"
        default: "io_uring alone has it; see the engine's reason above"
        }
    }

    /// How to enable a missing feature on a kernel of that release.
    static func remedy(for feature: RingFeature, _ choice: EngineChoice, kernel: (major: Int, minor: Int)?) -> String {
        switch feature {
        case .fixedBuffers:
            return choice.reduction == nil
                ? "the limit of locked memory is \(LockedMemory.limit) bytes, of which a quarter is used; raise it with "
                    + "'ulimit -l'"
                : "the limit of locked memory is \(LockedMemory.limit) bytes, which the rings need; raise it with "
                    + "'ulimit -l'"
        case .zeroCopySends, .incrementalBuffers, .deferredTaskWork, .multishotReceives, .receiveLimits, .inlineSends,
            .absoluteDeadlines:
            let release = "\(feature.kernel.major).\(feature.kernel.minor)"
            if let kernel, kernel < feature.kernel { return "run Linux \(release) or newer" }
            return switch feature {
            case .zeroCopySends:
                "this kernel should have it (Linux \(release)), and its trial failed; allow TCP on the loopback interface, "
                    + "where it is tried"
            case .incrementalBuffers:
                "this kernel completes receives in another order than the bytes; run 6.12.29, 6.14.7 or newer"
            default:
                "this kernel should have it (Linux \(release)), and its trial failed; allow all of io_uring in the "
                    + "security profile, if there is one"
            }
        }
    }
}
