/// What this kernel's io_uring can do beyond what Eddy cannot do without.
///
/// Kernels are patched, so each feature is found by trying it, not by the version (``probed``).
package struct RingFeatures: Sendable, Equatable {
    /// Receives fill a provided buffer by and by (6.12).
    package var incrementalBuffers = false
    /// A multishot receive can be given a limit in bytes (6.17).
    package var receiveLimits = false
    /// A send that may not wait reports how much it sent, and a whole one posts no completion.
    package var inlineSends = false

    package init() {}

    /// This machine's features, found out once.
    package static let probed: RingFeatures = {
        var features = RingFeatures()
        features.incrementalBuffers = FeatureProbe.succeeds { probe throws(RingError) in
            try probe.fillsBuffersIncrementally()
        }
        features.receiveLimits = FeatureProbe.succeeds { probe throws(RingError) in
            try probe.honoursReceiveLimits()
        }
        features.inlineSends = FeatureProbe.succeeds { probe throws(RingError) in
            try probe.endsSendsInline()
        }
        return features
    }()
}
