import Foundation
import Testing

@testable import peers

struct ProbeFiguresTests {
    /// Second 0 is the warm-up, seconds 1 and 2 are quiet, 3 and 4 are the attack, of which 4 is settled.
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
