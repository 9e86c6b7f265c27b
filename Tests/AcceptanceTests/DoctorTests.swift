import Foundation
import Testing

extension AcceptanceTests {
    /// `eddy doctor`: what the system offers, what is used, and how to get the rest.
    @Suite("doctor")
    struct DoctorTests {
        @Test("It names the kernel, the limits, the engine and every feature")
        func facts() async throws {
            let diagnosis = try await Diagnosis.make()
            #expect(
                try String(contentsOfFile: "/proc/sys/kernel/osrelease", encoding: .utf8) == diagnosis.kernel + "\n"
            )
            #expect(diagnosis.processors > 0)
            #expect(!diagnosis.engine.reason.isEmpty)
            #expect(diagnosis.features.count >= 8)
            #expect(diagnosis.features.contains { $0.name == "zero-copy-sends" && $0.kernel == "6.2" })
            for feature in diagnosis.features {
                #expect((feature.status == "used") == (feature.remedy == nil), "\(feature)")
            }
            let text = try await Eddy.run("doctor")
            #expect(text.ending == .exit(0))
            #expect(text.errors == [])
            for name in [diagnosis.kernel] + diagnosis.features.map(\.name) {
                #expect(text.output.contains { $0.contains(name) }, "\(text)")
            }
        }

        @Test("It tells the limits that the process has")
        func limits() async throws {
            let diagnosis = try await Diagnosis.make(under: shell("ulimit -Sn 123 && ulimit -l 64"))
            #expect(diagnosis.openFiles.soft == 123)
            #expect(diagnosis.lockedMemory.soft == 64 << 10)
            guard diagnosis.engine.name == "uring" else { return }
            let fixed = try #require(diagnosis.features.first { $0.name == "fixed-buffers" })
            #expect(fixed.status == "missing")
            #expect(fixed.remedy?.contains("ulimit -l") == true)
        }

        @Test("It says why io_uring is not used")
        func forbidden() async throws {
            let wrapper = shell("unset EDDY_ENGINE EDDY_DISABLE") + Client.line("without_io_uring.py", [])
            let diagnosis = try await Diagnosis.make(under: wrapper)
            #expect(diagnosis.engine.name == "epoll")
            #expect(diagnosis.engine.reason.contains("seccomp"))
            let statuses = Dictionary(uniqueKeysWithValues: diagnosis.features.map { ($0.name, $0.status) })
            #expect(statuses["inline-sends"] == "used")
            #expect(statuses["fixed-buffers"] == "missing")
            #expect(statuses["zero-copy-sends"] == "missing")
        }

        @Test("It shows what the environment asks for")
        func environment() async throws {
            let epoll = try await Diagnosis.make(under: shell("export EDDY_ENGINE=epoll"))
            #expect(epoll.engine.name == "epoll")
            #expect(epoll.engine.reason.contains("EDDY_ENGINE"))
            let tier = try await Diagnosis.make(under: shell("export EDDY_DISABLE=tier-6.1,inline-sends"))
            for feature in tier.features {
                let release = feature.kernel.split(separator: ".").compactMap { Int($0) }
                let isNewer = (release[0], release[1]) > (6, 1) || feature.name == "inline-sends"
                #expect((feature.status == "disabled") == isNewer, "\(feature)")
            }
        }
    }
}
