import Foundation
import Testing

extension AcceptanceTests {
    /// Limits on memory and processors, including those of a container.
    @Suite("faults: little memory")
    struct ContainerTests {
        /// A command prefix that gives a command's control group half a processor and 64 MiB, in both versions' files.
        /// They are in a file system of its own.
        private static let container: [String] = {
            let script = """
                mount -t tmpfs none /sys/fs/cgroup && cd /sys/fs/cgroup && mkdir cpu memory \
                && echo 50000 100000 > cpu.max && echo 67108864 > memory.max \
                && echo 50000 > cpu/cpu.cfs_quota_us && echo 100000 > cpu/cpu.cfs_period_us \
                && echo 67108864 > memory/memory.limit_in_bytes && cd / && exec "$@"
                """
            return ["unshare", "-rm", "sh", "-c", script, "sh"]
        }()

        private static var canMount: Bool {
            get async throws {
                try await RunningCommand.run(container + ["grep", "-q", ".", "/proc/self/cgroup"]).ending == .exit(0)
            }
        }

        /// Makes 64 clients send 1 MiB each and receive nothing.
        ///
        /// - Returns: bytes of the server's pools once it takes no more.
        private func flood(_ server: Server) async throws -> Int {
            let crowd = try Crowd(at: server)
            try await crowd.open(64)
            try await crowd.fill()
            var figures = try await server.figures()
            var readingsWithoutChange = 0
            while readingsWithoutChange < 20 {
                try await Task.sleep(for: .milliseconds(50))
                let next = try await server.figures()
                readingsWithoutChange = next.received == figures.received ? readingsWithoutChange + 1 : 0
                figures = next
            }
            try await crowd.close()
            return figures.slabBytes
        }

        @Test("Clients that do not receive get no more than --memory on all loops together", arguments: ["1", "2"])
        func memory(loops: String) async throws {
            let server = try await Server.echo(["--loops", loops, "--memory", "8m", "--grace", "200ms"])
            #expect(try await flood(server) <= .MiB(8))
            try await server.stop()
        }

        @Test("In a container, clients that do not receive get at most a quarter of its memory")
        func memoryOfContainer() async throws {
            guard try await Self.canMount else { return }
            let server = try await Server.echo(["--grace", "200ms"], under: Self.container)
            #expect(try await flood(server) <= .MiB(16))
            try await server.stop()
        }

        @Test("In a container there are as many loops as its quota allows")
        func processors() async throws {
            guard try await Self.canMount else { return }
            #expect(try await Diagnosis.make(under: Self.container).processors == 1)
        }
    }
}
