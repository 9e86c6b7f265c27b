internal import Synchronization

/// The optional features that a ring may use: those of the system that the environment permits.
///
/// Distributions patch kernels, so features are probed, not derived from the version (``probed()``).
package struct RingFeatures: Sendable, Equatable {
    package var deferredTaskWork = false
    package var multishotReceives = false
    package var incrementalBuffers = false
    package var receiveLimits = false
    package var inlineSends = false
    package var absoluteDeadlines = false
    package var fixedBuffers = false
    package var zeroCopySends = false

    /// Creates an empty set.
    package init() {}

    /// Creates a set of the given features.
    package init(_ features: some Sequence<RingFeature>) {
        for feature in features { self[feature] = true }
    }

    /// The features in both sets.
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

    /// All features that the environment does not disable, whether or not the system has them.
    package static let permitted: RingFeatures = {
        guard case .success(let environment) = RingEnvironment.current else { return RingFeatures() }
        return RingFeatures(RingFeature.allCases.filter { !environment.disabled.contains($0) })
    }()

    /// The permitted features of this process's engine, probed on first use and then cached.
    ///
    /// - Throws: ``RingError`` as ``EngineChoice/current()`` does. A temporary shortage does not mean that features are
    ///   missing, so the next call probes again.
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

    /// Probes the permitted features of an engine.
    ///
    /// - Throws: ``RingError`` if there are not enough descriptors or not enough locked memory to probe.
    package static func probed(on engine: EngineKind) throws(RingError) -> RingFeatures {
        var features = RingFeatures()
        for feature in RingFeature.allCases where permitted[feature] {
            features[feature] = try FeatureProbe.finds(feature, on: engine)
        }
        return features
    }
}
