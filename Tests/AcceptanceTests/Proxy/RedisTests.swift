import Testing

extension AcceptanceTests {
    /// A real protocol with a real server and a real client, neither of which is part of Eddy.
    @Suite("proxy: Redis", .enabled(if: Redis.isInstalled, "redis-server and redis-benchmark are not installed"))
    struct RedisTests {
        @Test("redis-benchmark through the proxy reports no error", arguments: [1, 2])
        func benchmark(loops: Int) async throws {
            let redis = try await Redis.start()
            let proxy = try await Server.proxy(to: redis.port, ["--loops", "\(loops)"])
            let tests = ["PING_INLINE", "PING_MBULK", "SET", "GET", "LPUSH", "LRANGE_100 (first 100 elements)"]

            let finished = try await RunningCommand.run([
                "redis-benchmark", "-h", "127.0.0.1", "-p", "\(proxy.port)", "-c", "50", "-n", "5000", "-P", "4",
                "-d", "1000", "-t", "ping,set,get,lpush,lrange_100", "--csv",
            ])
            #expect(finished.ending == .exit(0))
            #expect(finished.errors == [])
            for test in tests {
                #expect(finished.output.contains { $0.hasPrefix("\"\(test)\"") }, "\(finished.output)")
            }
            #expect(!finished.output.contains { $0.lowercased().contains("error") }, "\(finished.output)")
            try await proxy.stop()
        }
    }
}
