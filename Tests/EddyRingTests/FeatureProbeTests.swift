import EddyRing
import EddyTestSupport
import Glibc
import Testing

/// The probe tries each feature of this kernel.
@Suite("ring: feature probe", .timeLimit(.minutes(5)))
struct FeatureProbeTests {
    @Test("The probe finds the features of this kernel's release")
    func probe() throws {
        guard EngineKind.tested.contains(.uring) else { return }
        let features = try RingFeatures.probed(on: .uring)
        let release = kernelRelease
        // Kernels are patched both ways. This one is among the newest, so every feature must be found.
        guard release >= (6, 17) else { return }
        for feature in RingFeature.allCases where feature != .fixedBuffers {
            #expect(features[feature] == RingFeatures.permitted[feature], "\(feature)")
        }
    }

    @Test("On epoll the probe finds all but the kernel's own features")
    func epoll() throws {
        let kernelsOwn: Set<RingFeature> = [.absoluteDeadlines, .fixedBuffers, .zeroCopySends]
        var expected = RingFeatures.permitted
        for feature in kernelsOwn { expected[feature] = false }
        #expect(try RingFeatures.probed(on: .epoll) == expected)
    }

    @Test("Probing again on any thread finds the same features")
    func repeated() async throws {
        let here = try RingFeatures.probed()
        #expect(try await Task.detached { try RingFeatures.probed() }.value == here)
    }

    @Test("A start without enough descriptors fails, and the next one finds all features")
    func passingLack() async {
        await #expect(processExitsWith: .success) {
            let lacking = withoutDescriptors { Result { () throws(RingError) in try RingFeatures.probed() } }
            #expect(throws: RingError.tooManyOpenFiles) { try lacking.get() }
            let all = try RingFeatures.probed(on: EngineChoice.current().kind)
            #expect(try RingFeatures.probed() == all)
        }
    }

    @Test("However few descriptors there are, no feature is mistaken for missing", arguments: EngineKind.tested)
    func fewDescriptors(engine: EngineKind) async {
        await #expect(processExitsWith: .success) { [engine] in
            let all = try RingFeatures.probed(on: engine)
            for limit in 0..<32 {
                let found = withDescriptors(below: limit) {
                    Result { () throws(RingError) in try RingFeatures.probed(on: engine) }
                }
                #expect(found == .success(all) || found == .failure(.tooManyOpenFiles), "below \(limit)")
            }
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
