import Testing

@testable import peers

struct IsolationLimitsTests {
    private let phases = IsolationPhases(quiet: 2, attack: 2, recovery: 0)
    private let calm = MemoryFigures(before: 20 << 20, peak: 21 << 20, after: 20 << 20, attackers: 20)

    /// 100 answers in each quiet second, `count` in each second of the attack.
    private func probe(_ count: Int, latencyMs: Double = 1, failures: Int = 0) -> ProbeFigures {
        var report = ProbeReport()
        for second in 0..<4 {
            for index in 0..<(second < 2 ? 100 : count) {
                let sentUs = Double(second) * 1e6 + Double(index) * 5e3
                report.answers.append(.init(sentUs: sentUs, latencyUs: (second < 2 ? 1 : latencyMs) * 1e3))
            }
        }
        report.failures = (0..<failures).map { _ in .init(atUs: 2.5e6, reason: "ECONNRESET") }
        return ProbeFigures(report, phases)
    }

    private func missed(
        _ limits: IsolationLimits,
        _ probe: ProbeFigures,
        _ memory: MemoryFigures,
        store: StoreReport? = nil,
        clients: Int = 20,
        loops: Int = 1
    ) -> [IsolationVerdict.Subject] {
        limits.verdicts(on: probe, memory, store: store, clients: clients, loops: loops)
            .filter(\.isMissed).map(\.subject)
    }

    @Test func figuresAtTheirLimitsKeepThem() {
        let memory = MemoryFigures(before: 0, peak: 20 << 20, after: 8 << 20, attackers: 20)
        #expect(missed(IsolationLimits(attackers: 20), probe(95, latencyMs: 2), memory) == [])
    }

    @Test func figuresBeyondTheirLimitsMissThem() {
        let memory = MemoryFigures(before: 0, peak: 129 << 20, after: 9 << 20, attackers: 20)
        #expect(
            missed(IsolationLimits(attackers: 20), probe(59, latencyMs: 3, failures: 1), memory) == [
                .answersKept, .worstSecond, .latency, .failures, .memoryPerAttacker, .memoryGrowth, .memoryUnreturned,
            ]
        )
    }

    @Test func noAnswersAtAllMissTheLimitOfLatency() {
        let subjects = missed(IsolationLimits(attackers: 20), probe(0), calm)
        #expect(subjects == [.answersKept, .worstSecond, .latency])
    }

    @Test func eachLoopMayHaveAPool() {
        let memory = MemoryFigures(before: 0, peak: 200 << 20, after: 0, attackers: 20)
        let limits = IsolationLimits(blasters: 1)
        #expect(missed(limits, probe(100), memory, loops: 1).contains(.memoryGrowth))
        #expect(!missed(limits, probe(100), memory, loops: 2).contains(.memoryGrowth))
    }

    @Test func moreAttackersMayHaveLessMemoryEach() {
        #expect(IsolationLimits(attackers: 1).bytesPerAttacker == 1_048_576)
        #expect(IsolationLimits(attackers: 20).bytesPerAttacker == 1_048_576)
        #expect(IsolationLimits(attackers: 500).bytesPerAttacker == 131_072)
        #expect(IsolationLimits(attackers: 2000).bytesPerAttacker == 32_768)
    }

    @Test func blastersMayDelayTheProbeButNotSlowItDownFurther() {
        #expect(missed(IsolationLimits(blasters: 1), probe(20, latencyMs: 6), calm) == [])
        #expect(missed(IsolationLimits(blasters: 1), probe(20, latencyMs: 6.5), calm) == [.latency])
        #expect(missed(IsolationLimits(blasters: 100), probe(20, latencyMs: 51), calm) == [])
        #expect(missed(IsolationLimits(blasters: 100), probe(20, latencyMs: 52), calm) == [.latency])
    }

    @Test func allClientsOfAFullStoreMustBeDoneInTime() {
        func missed(_ store: StoreReport?) -> [IsolationVerdict.Subject] {
            self.missed(.keptValues, probe(100), calm, store: store, clients: 8)
        }
        #expect(missed(StoreReport(completed: 8, failed: 0, seconds: 0.9)) == [])
        #expect(missed(StoreReport(completed: 8, failed: 0, seconds: 1.1)) == [.storeClients])
        #expect(missed(StoreReport(completed: 7, failed: 1, seconds: 0.1)) == [.storeClients])
        #expect(missed(nil) == [.storeClients])
    }
}
