import Testing

extension AcceptanceTests {
    /// Memory is reused, regardless of how much data passes through it.
    @Suite("echo: recycling")
    struct EchoRecyclingTests {
        @Test("However many messages are echoed, the pool stays within two slabs")
        func twoSlabs() async throws {
            let wanted = Eddy.isHeavy ? 10_000_000 : 100_000
            let server = try await Server.echo(["--loops", "1"])
            var echoed = 0
            while echoed < wanted {
                let report = try await LoadReport.run(
                    "tcp://127.0.0.1:\(server.port)",
                    ["-c", "50", "-p", "16", "-d", Eddy.isHeavy ? "20s" : "1s"]
                )
                #expect(report.errors == 0)
                echoed += report.requests
            }
            let farewell = try await server.stop()
            #expect(farewell.received >= echoed * 64)
            // One slab fills the ring, and the other replaces chunks that are still being sent from.
            #expect(farewell.slabs <= 2)
        }
    }
}
