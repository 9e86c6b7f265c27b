import EddySystem
import Testing

@testable import EddyRing

/// The message about a feature that is not used.
@Suite("ring: feature findings")
struct FeatureFindingTests {
    private let uring = EngineChoice(kind: .uring, reason: .available)

    @Test("On a kernel that is too old, the message names the required release", arguments: RingFeature.allCases)
    func tooOld(feature: RingFeature) {
        guard feature != .fixedBuffers else { return }
        let remedy = FeatureFinding.remedy(for: feature, uring, kernel: (5, 18))
        #expect(remedy == "run Linux \(feature.kernel.major).\(feature.kernel.minor) or newer")
    }

    @Test("On a kernel that is new enough, the message does not ask for a newer one", arguments: RingFeature.allCases)
    func newEnough(feature: RingFeature) {
        let remedy = FeatureFinding.remedy(for: feature, uring, kernel: (6, 18))
        #expect(!remedy.contains("or newer") || feature == .incrementalBuffers)
    }

    @Test("Other engines use none of io_uring's features", arguments: [EngineChoice.Reason.environment, .available])
    func otherEngines(reason: EngineChoice.Reason) {
        let choice = EngineChoice(kind: .epoll, reason: reason)
        for finding in FeatureFinding.all(with: choice, RingFeatures(RingFeature.allCases)) {
            #expect(finding.status == (RingFeatures.permitted[finding.feature] ? .unused : .disabled))
            #expect(finding.remedy != nil)
        }
    }

    @Test("A kernel's release begins with two numbers")
    func version() throws {
        for (release, expected) in [("6.18.44-amd64", (6, 18)), ("5.19", (5, 19)), ("6.12-rc3", (6, 12))] {
            let version = try #require(SystemInformation.version(ofRelease: release))
            #expect(version == expected)
        }
        for release in ["", "unknown", "6", "a.b"] {
            #expect(SystemInformation.version(ofRelease: release) == nil)
        }
    }
}
