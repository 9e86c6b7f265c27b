import EddyRing
import Testing

@Suite struct FeatureProbeTests {
    @Test func probes() throws {
        print(RingFeatures.probed)
    }
}
