import EddyRing
import Testing

/// Sets of kernel features: every test of connections runs with each of these.
enum FeatureSet: CaseIterable, Sendable, CustomTestStringConvertible {
    case all
    case noReceiveLimits
    case noInlineSends
    case noIncrementalBuffers
    case noZeroCopySends
    case none

    /// The features of this set that the machine has.
    var features: RingFeatures {
        var features = Self.ofMachine
        switch self {
        case .all: break
        case .noReceiveLimits: features.receiveLimits = false
        case .noInlineSends: features.inlineSends = false
        case .noIncrementalBuffers: features.incrementalBuffers = false
        case .noZeroCopySends: features.zeroCopySends = false
        case .none: features = RingFeatures()
        }
        return features
    }

    private static let ofMachine: RingFeatures = {
        do { return try .probed() } catch { preconditionFailure("\(error)") }
    }()

    var testDescription: String {
        switch self {
        case .all: "all features"
        case .noReceiveLimits: "no receive limits"
        case .noInlineSends: "no inline sends"
        case .noIncrementalBuffers: "no incremental buffers"
        case .noZeroCopySends: "no zero-copy sends"
        case .none: "no features"
        }
    }
}

/// Whether the loops of these tests run on io_uring, which supports a little more than epoll.
let runsOnUring = {
    do { return try EngineChoice.current().kind == .uring } catch { return false }
}()
