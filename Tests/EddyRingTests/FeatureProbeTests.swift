import EddyRing
import Glibc
import Testing

/// What this kernel offers is found by trying.
@Suite("ring: feature probe", .timeLimit(.minutes(1)))
struct FeatureProbeTests {
    @Test("The probe finds what this kernel's release has brought")
    func probe() {
        guard EngineKind.tested.contains(.uring) else { return }
        let features = RingFeatures.probed(on: .uring)
        let release = kernelRelease
        // Kernels are patched both ways; this is one of the newest, and nothing may be overlooked there.
        guard release >= (6, 17) else { return }
        for feature in RingFeature.allCases where feature != .fixedBuffers {
            #expect(features[feature] == RingFeatures.permitted[feature], "\(feature)")
        }
    }

    @Test("On epoll it finds all but what is the kernel's own")
    func epoll() {
        let kernelsOwn: Set<RingFeature> = [.absoluteDeadlines, .fixedBuffers, .zeroCopySends]
        var expected = RingFeatures.permitted
        for feature in kernelsOwn { expected[feature] = false }
        #expect(RingFeatures.probed(on: .epoll) == expected)
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
