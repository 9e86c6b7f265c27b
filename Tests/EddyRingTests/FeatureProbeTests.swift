import EddyRing
import Glibc
import Testing

/// What this kernel offers is found by trying.
@Suite("ring: feature probe", .timeLimit(.minutes(1)))
struct FeatureProbeTests {
    @Test("The probe finds what this kernel's release has brought")
    func probe() {
        let features = RingFeatures.probed
        let release = kernelRelease
        // Kernels are patched both ways; this is one of the newest, and nothing may be overlooked there.
        guard release >= (6, 17) else { return }
        #expect(features.incrementalBuffers)
        #expect(features.receiveLimits)
        #expect(features.inlineSends)
    }

    @Test("It finds the same again, on whatever thread")
    func repeated() async {
        let here = RingFeatures.probed
        #expect(await Task.detached { RingFeatures.probed }.value == here)
    }

    @Test("Where there can be no ring no feature is found, and nothing breaks")
    func withoutRing() async {
        await #expect(processExitsWith: .success) {
            let features = withoutDescriptors { RingFeatures.probed }
            exit(features == RingFeatures() ? 0 : 1)
        }
    }

    private var kernelRelease: (Int, Int) {
        var name = utsname()
        uname(&name)
        let release = withUnsafeBytes(of: name.release) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        let numbers = release.split(separator: ".").prefix(2).compactMap { Int($0) }
        return numbers.count == 2 ? (numbers[0], numbers[1]) : (0, 0)
    }
}
