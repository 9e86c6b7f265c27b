import Foundation
import Testing

extension AcceptanceTests {
    /// Users that may lock little memory, start few threads, or map little address space.
    @Suite("faults: user limits", .serialized)
    struct LimitTests {
        /// Wraps a command so that the limits apply to it, even if root runs the tests: as a user that has no other
        /// process, so that the limits are its own.
        private let user = UnprivilegedUser()

        @Test(
            "However little memory may be locked, a server runs, and doctor reports the same engine",
            arguments: [
                (0, 1), (16 << 10, 1), (64 << 10, 1), (64 << 10, 2), (64 << 10, 8), (256 << 10, 2), (8 << 20, 64),
            ]
        )
        func lockedMemory(limit: Int, loops: Int) async throws {
            let wrapper = user.wrapper(limit: "--memlock=\(limit)")
            let diagnosis = try await Diagnosis.make(["--loops", "\(loops)"], under: wrapper)
            // Before Linux 6.13 rings lock no memory.
            let isShort = diagnosis.engine.reason.contains("ulimit -l")
            let server = try await Server.echo(["--loops", "\(loops)"], under: wrapper)
            #expect(try await Mirror.run(at: server, connections: 5, bytes: .MiB(1)) == Mirror(identical: 5))
            try await server.stop(notice: isShort ? notice(for: diagnosis.engine) : nil)
            guard geteuid() == 0, !Eddy.runsOnEpoll, try kernelLocksRings() else { return }
            #expect(isShort == (limit < loops * (104 << 10) || loops == 64), "\(diagnosis.engine)")
            #expect((diagnosis.engine.name == "epoll") == (limit < loops * (16 << 10)), "\(diagnosis.engine)")
        }

        @Test("A restarted server uses the same engine, although the kernel unlocks ring memory late")
        func restart() async throws {
            let wrapper = user.wrapper(limit: "--memlock=\(16 << 10)")
            let diagnosis = try await Diagnosis.make(["--loops", "1"], under: wrapper)
            for _ in 0..<10 {
                let server = try await Server.echo(["--loops", "1"], under: wrapper)
                let isShort = diagnosis.engine.reason.contains("ulimit -l")
                try await server.stop(notice: isShort ? notice(for: diagnosis.engine) : nil)
            }
        }

        /// The notice that the server must print to agree with doctor.
        private func notice(for engine: Diagnosis.Engine) -> String {
            if engine.name == "epoll" {
                return "using epoll, which takes more processor time, because the limit of lock"
            }
            guard engine.submissionEntries < 512 else {
                return "using io_uring without fixed buffers, because the limit"
            }
            return "using io_uring with queues of \(engine.submissionEntries) entries instead of 512"
        }

        @Test("With io_uring requested and no lockable memory, a command says so and how to fix it")
        func lockedMemoryForUring() async throws {
            let wrapper = shell("export EDDY_ENGINE=uring") + user.wrapper(limit: "--memlock=0")
            let finished = try await RunningCommand.run(wrapper + [Eddy.path, "echo", "--listen", "127.0.0.1:0"])
            guard try kernelLocksRings() else { return }
            #expect(finished.ending == .exit(1))
            #expect(finished.isOneClearLine(about: "ulimit -l"), "\(finished)")
        }

        @Test(
            "A command that cannot start threads ends, and says so and how to fix it",
            arguments: [1, 2, 3, 4, 5, 6, 7, 8, 9],
            [
                ["echo", "--listen", "127.0.0.1:0", "--loops", "4"], ["doctor", "--loops", "4"],
                ["load", "tcp://127.0.0.1:1", "-t", "4", "-c", "4"],
            ]
        )
        func threads(limit: Int, command: [String]) async throws {
            let wrapper = user.wrapper(limit: "--nproc=\(limit)")
            let finished = try await RunningCommand.run(wrapper + [Eddy.path] + command)
            #expect(finished.ending == .exit(1))
            #expect(finished.isOneClearLine(about: "ulimit -u"), "\(finished)")
        }

        @Test("A server starts, serves and ends with exactly the threads that it needs", arguments: [1, 4])
        func enoughThreads(loops: Int) async throws {
            // Only a user without other processes has a limit of its own.
            guard geteuid() == 0 else { return }
            let processors = try await Diagnosis.make().processors
            // The main thread, the loops, the watchdog, and the runtime's threads.
            let limit = 1 + loops + 1 + processors + 3
            let wrapper = user.wrapper(limit: "--nproc=\(limit)")
            let server = try await Server.echo(["--loops", "\(loops)"], under: wrapper)
            #expect(try await Mirror.run(at: server, connections: 5, bytes: .MiB(1)) == Mirror(identical: 5))
            try await server.stop()
        }

        @Test("However little address space there is, a command either ends or works")
        func addressSpace() async throws {
            var refusals = 0
            for kilobytes in stride(from: 30_000, through: 240_000, by: 15_000) {
                let wrapper = shell("ulimit -v \(kilobytes)")
                let finished = try await RunningCommand.run(wrapper + [Eddy.path, "doctor", "--loops", "4"])
                switch finished.ending {
                case .exit(0): continue
                // The loader has no room for the libraries.
                case .exit(127): continue
                default:
                    #expect(finished.ending == .exit(1))
                    #expect(finished.isOneClearLine(about: "ulimit -v"), "\(kilobytes) KiB: \(finished)")
                    refusals += 1
                }
            }
            #expect(refusals > 0)
        }

        /// Whether the kernel counts rings as locked memory: 6.13 and newer.
        private func kernelLocksRings() throws -> Bool { try isKernel(atLeast: (6, 13)) }
    }
}
