internal import Synchronization

/// What a ring can do beyond what Eddy cannot do without: of the system, as far as the environment permits it.
///
/// Kernels are patched, so each feature is found by trying it, not by the version (``probed()``).
package struct RingFeatures: Sendable, Equatable {
    package var deferredTaskWork = false
    package var multishotReceives = false
    package var incrementalBuffers = false
    package var receiveLimits = false
    package var inlineSends = false
    package var absoluteDeadlines = false
    package var fixedBuffers = false
    package var zeroCopySends = false

    /// None.
    package init() {}

    /// Those given.
    package init(_ features: some Sequence<RingFeature>) {
        for feature in features { self[feature] = true }
    }

    /// Those of both.
    package func intersection(_ other: RingFeatures) -> RingFeatures {
        RingFeatures(RingFeature.allCases.filter { self[$0] && other[$0] })
    }

    package subscript(feature: RingFeature) -> Bool {
        get { self[keyPath: Self.path(of: feature)] }
        set { self[keyPath: Self.path(of: feature)] = newValue }
    }

    private static func path(of feature: RingFeature) -> WritableKeyPath<RingFeatures, Bool> {
        switch feature {
        case .deferredTaskWork: \.deferredTaskWork
        case .multishotReceives: \.multishotReceives
        case .incrementalBuffers: \.incrementalBuffers
        case .receiveLimits: \.receiveLimits
        case .inlineSends: \.inlineSends
        case .absoluteDeadlines: \.absoluteDeadlines
        case .fixedBuffers: \.fixedBuffers
        case .zeroCopySends: \.zeroCopySends
        }
    }

    /// All that the environment does not forbid, whether the system has them or not.
    package static let permitted: RingFeatures = {
        guard case .success(let environment) = RingEnvironment.current else { return RingFeatures() }
        return RingFeatures(RingFeature.allCases.filter { !environment.disabled.contains($0) })
    }()

    /// What the engine of this process can do and may, which is found out on first use and then kept.
    ///
    /// - Throws: ``RingError`` as ``EngineChoice/current()`` does. What is lacking for the moment says nothing of the
    ///   features, so they are tried again then.
    package static func probed() throws(RingError) -> RingFeatures {
        let engine = try EngineChoice.current().kind
        return try found.withLock { found throws(RingError) in
            if let features = found[engine] { return features }
            let features = try probed(on: engine)
            found[engine] = features
            return features
        }
    }

    private static let found = Mutex<[EngineKind: RingFeatures]>([:])

    /// What an engine can do and may, found out by trying it.
    ///
    /// - Throws: ``RingError`` when there are not enough descriptors, or there is not enough locked memory, to try it.
    package static func probed(on engine: EngineKind) throws(RingError) -> RingFeatures {
        var features = RingFeatures()
        for feature in RingFeature.allCases where permitted[feature] {
            features[feature] = try FeatureProbe.finds(feature, on: engine)
        }
        return features
    }
}
