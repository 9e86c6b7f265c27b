import Foundation
import Testing

extension AcceptanceTests {
    /// `eddy doctor`: what the system offers, what is used, and how to get the rest.
    @Suite("doctor")
    struct DoctorTests {
        @Test("doctor reports the kernel, the limits, the engine and every feature")
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
                #expect((feature.status == "unused") == (diagnosis.engine.name == "epoll"), "\(feature)")
            }
            let text = try await Eddy.run("doctor")
            #expect(text.ending == .exit(0))
            #expect(text.errors == [])
            for name in [diagnosis.kernel] + diagnosis.features.map(\.name) {
                #expect(text.output.contains { $0.contains(name) }, "\(text)")
            }
        }

        @Test("doctor reports the limits of the process")
        func limits() async throws {
            let diagnosis = try await Diagnosis.make(under: shell("ulimit -Sn 123 && ulimit -l 64"))
            #expect(diagnosis.openFiles.soft == 123)
            #expect(diagnosis.lockedMemory.soft == 64 << 10)
            guard diagnosis.engine.name == "uring" else { return }
            let fixed = try #require(diagnosis.features.first { $0.name == "fixed-buffers" })
            #expect(fixed.status == "missing")
            #expect(fixed.remedy?.contains("ulimit -l") == true)
        }

        @Test("doctor reports how many connections few descriptors allow, and how to raise the limit")
        func fewDescriptors() async throws {
            let diagnosis = try await Diagnosis.make(["--loops", "1"], under: shell("ulimit -n 64"))
            #expect(diagnosis.openFiles.hard == 64)
            #expect(diagnosis.openFilesRemedy?.contains("about 40 concurrent connections") == true)
            #expect(diagnosis.openFilesRemedy?.contains("ulimit -n") == true)
            let raisable = try await Diagnosis.make(["--loops", "1"], under: shell("ulimit -Sn 64"))
            #expect(raisable.openFilesRemedy?.contains("unless it is raised") == true)
            let command = shell("ulimit -n 64") + [Eddy.path, "doctor", "--loops", "1"]
            let text = try await RunningCommand.run(command)
            #expect(text.output.contains { $0.contains("open files") && $0.contains("ulimit -n") }, "\(text)")
        }

        @Test(
            "doctor says why io_uring is not used, whichever call is forbidden, and however",
            arguments: ["EPERM", "EACCES", "ENOSYS"],
            ["setup", "enter", "register"]
        )
        func forbidden(error: String, call: String) async throws {
            let profile = Client.line("without_io_uring.py", ["--error", error, "--call", call])
            let diagnosis = try await Diagnosis.make(under: shell("unset EDDY_ENGINE EDDY_DISABLE") + profile)
            #expect(diagnosis.engine.name == "epoll")
            // Only a kernel with a switch for io_uring (6.6) is known to have io_uring, even if a profile hides it.
            let hasSwitch = FileManager.default.fileExists(atPath: "/proc/sys/kernel/io_uring_disabled")
            #expect(diagnosis.engine.reason.contains(hasSwitch ? "seccomp" : "profile"))
            for feature in diagnosis.features {
                #expect(feature.status == "unused", "\(feature)")
                #expect(feature.remedy?.contains("Linux") == false, "\(feature)")
            }
        }

        @Test("doctor fails if io_uring is requested and forbidden", arguments: ["setup", "enter", "register"])
        func forbiddenAndAskedFor(call: String) async throws {
            let profile = Client.line("without_io_uring.py", ["--call", call])
            let command = shell("export EDDY_ENGINE=uring") + profile + [Eddy.path, "doctor"]
            let finished = try await RunningCommand.run(command)
            #expect(finished.ending == .exit(1))
            #expect(finished.isOneClearLine(about: "seccomp"), "\(finished)")
        }

        @Test("doctor shows the environment's settings")
        func environment() async throws {
            let epoll = try await Diagnosis.make(under: shell("export EDDY_ENGINE=epoll"))
            #expect(epoll.engine.name == "epoll")
            #expect(epoll.engine.reason.contains("EDDY_ENGINE"))
            #expect(!epoll.features.contains { $0.status == "used" })
            let tier = try await Diagnosis.make(under: shell("export EDDY_DISABLE=tier-6.1,inline-sends"))
            for feature in tier.features {
                let release = feature.kernel.split(separator: ".").compactMap { Int($0) }
                let isNewer = (release[0], release[1]) > (6, 1) || feature.name == "inline-sends"
                #expect((feature.status == "disabled") == isNewer, "\(feature)")
            }
        }
    }
}
