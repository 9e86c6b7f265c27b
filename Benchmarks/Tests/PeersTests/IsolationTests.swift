import Foundation
import Testing

@testable import peers

struct ProbeFiguresTests {
    /// Second 0 warms up, seconds 1 and 2 are quiet, 3 and 4 the attack, of which 4 is settled.
    private let phases = IsolationPhases(quiet: 3, attack: 2, recovery: 0)

    /// Requests spread evenly over a second, each answered within it.
    private func requests(_ count: Int, inSecond second: Int, latencyMs: Double = 1) -> [ProbeReport.Request] {
        (0..<count).map { index in
            let sentUs = Double(second) * 1e6 + Double(index) / Double(count) * 9e5
            return ProbeReport.Request(sentUs: sentUs, latencyUs: latencyMs * 1e3)
        }
    }

    private func answers(_ counts: [Int]) -> [ProbeReport.Request] {
        counts.enumerated().flatMap { requests($1, inSecond: $0) }
    }

    @Test func answersAreComparedWithTheUndisturbedRate() {
        let figures = ProbeFigures(ProbeReport(answers: answers([10, 90, 110, 80, 60])), phases)
        #expect(figures.quietAnswersPerSecond == 100)
        #expect(figures.answersKept == 0.7)
        #expect(figures.worstSecond == 0.6)
    }

    @Test func aSecondWithoutAnswersIsTheWorst() {
        let figures = ProbeFigures(ProbeReport(answers: answers([100, 100, 100, 0, 100])), phases)
        #expect(figures.worstSecond == 0)
        #expect(figures.answersKept == 0.5)
    }

    @Test func theFirstSecondOfAnAttackDoesNotCountForLatency() {
        var report = ProbeReport(answers: answers([100, 100, 100]))
        report.answers += requests(100, inSecond: 3, latencyMs: 50)
        report.answers += requests(100, inSecond: 4, latencyMs: 4)
        let figures = ProbeFigures(report, phases)
        #expect(figures.quietP99Ms == 1)
        #expect(figures.p99Ms == 4)
        #expect(figures.maximumMs == 4)
        #expect(figures.seconds[3].maximumMs == 50)
    }

    @Test func aRequestThatIsNeverAnsweredCountsWithItsAge() {
        var report = ProbeReport(answers: answers([100, 100, 100]))
        report.unanswered = [ProbeReport.Request(sentUs: 3.1e6, latencyUs: 3.9e6)]
        let figures = ProbeFigures(report, phases)
        #expect(figures.p99Ms == 3900)
        #expect(figures.answersKept == 0)
    }

    @Test func failuresAreCountedByTheirReasons() {
        var report = ProbeReport(answers: answers([100, 100, 100, 100, 100]))
        report.failures = [
            .init(atUs: 3.5e6, reason: "ECONNRESET"), .init(atUs: 4.5e6, reason: "ECONNRESET"),
            .init(atUs: 4.6e6, reason: "closed by the server"),
        ]
        let figures = ProbeFigures(report, phases)
        #expect(figures.failures == 3)
        #expect(figures.reasons == ["ECONNRESET": 2, "closed by the server": 1])
        #expect(figures.seconds.map(\.failures) == [0, 0, 0, 1, 2, 0, 0])
    }

    @Test func aReportIsDecoded() throws {
        let text = """
            {"answers":[[1000,250.5]],"unanswered":[[2000,9]],"failures":[{"at_us":3000,"reason":"EPIPE"}]}
            """
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let report = try decoder.decode(ProbeReport.self, from: Data(text.utf8))
        #expect(report.answers.map(\.answeredUs) == [1250.5])
        #expect(report.unanswered.map(\.latencyUs) == [9])
        #expect(report.failures.map(\.atUs) == [3000])
    }
}

struct IsolationLimitsTests {
    private let phases = IsolationPhases(quiet: 2, attack: 2, recovery: 0)
    private let calm = MemoryFigures(before: 20 << 20, peak: 21 << 20, after: 20 << 20, attackers: 20)

    /// 100 answers in each quiet second, `count` in each of the attack.
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

struct IsolationScenarioTests {
    @Test func aFamilyNamesAllOfItsScenarios() throws {
        let names = try IsolationScenarios.named("echo-push").map(\.name)
        #expect(names == ["echo-push-20", "echo-push-100", "echo-push-500", "echo-push-2000"])
    }

    @Test func aNumberChoosesTheAttackers() throws {
        let scenarios = try IsolationScenarios.named("echo-push-reconnect-50")
        #expect(scenarios.map(\.name) == ["echo-push-reconnect-50"])
        #expect(scenarios.map(\.attack.count) == [50])
        #expect(try IsolationScenarios.named("kept-values").map(\.name) == ["kept-values"])
    }

    @Test(arguments: ["", "echo", "echo-push-", "echo-push-0", "echo-push-x", "-20"])
    func unknownNamesAreRefused(name: String) {
        #expect(throws: PeersError.self) { try IsolationScenarios.named(name) }
    }

    @Test func namesAreUnique() {
        let names = IsolationScenarios.all.map(\.name)
        #expect(Set(names).count == names.count)
    }
}

struct QuantileTests {
    @Test func aQuantileIsOneOfTheValues() {
        #expect(quantile(0.5, of: [3, 1, 2]) == 2)
        #expect(quantile(0.99, of: (1...100).map(Double.init)) == 99)
        #expect(quantile(1, of: [1, 5]) == 5)
        #expect(quantile(0.99, of: [7]) == 7)
        #expect(quantile(0.5, of: []).isNaN)
    }
}
