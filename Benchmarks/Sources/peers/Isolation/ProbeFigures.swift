/// Statistics of the probe before and during the attack.
struct ProbeFigures: Encodable {
    struct Second: Encodable {
        let second: Int
        let answers: Int
        let p50Ms: Double
        let p99Ms: Double
        let maximumMs: Double
        let failures: Int
    }

    /// Before the attack.
    let quietAnswersPerSecond: Double
    let quietP99Ms: Double
    /// Answers during the attack as a fraction of the undisturbed ones, and those of its worst second.
    let answersKept: Double
    let worstSecond: Double
    /// Of all requests in flight after the first second of the attack and before its end; NaN if there were none.
    let p99Ms: Double
    let maximumMs: Double
    /// Connections that the server ended, or that had a wrong answer, and why.
    let failures: Int
    let reasons: [String: Int]
    let seconds: [Second]

    init(_ report: ProbeReport, _ phases: IsolationPhases) {
        let seconds = (0..<phases.probeSeconds).map { Self.second($0, of: report) }
        self.seconds = seconds
        func answersPerSecond(_ range: Range<Int>) -> Double {
            Double(seconds[range].map(\.answers).reduce(0, +)) / Double(range.count)
        }
        let quiet = answersPerSecond(phases.quietSeconds)
        quietAnswersPerSecond = quiet
        answersKept = answersPerSecond(phases.attackSeconds) / quiet
        worstSecond = Double(seconds[phases.attackSeconds].map(\.answers).min() ?? 0) / quiet

        let before = Self.latenciesMs(in: phases.quietSeconds, of: report)
        let during = Self.latenciesMs(in: phases.settledSeconds, of: report)
        quietP99Ms = quantile(0.99, of: before)
        p99Ms = quantile(0.99, of: during)
        maximumMs = during.max() ?? .nan
        failures = report.failures.count
        reasons = report.failures.reduce(into: [:]) { $0[$1.reason, default: 0] += 1 }
    }

    /// Answers received in a second, and the latencies of the requests sent in it.
    private static func second(_ second: Int, of report: ProbeReport) -> Second {
        func isWithin(_ us: Double) -> Bool { Int(us / 1e6) == second }
        let latencies = (report.answers + report.unanswered).filter { isWithin($0.sentUs) }.map { $0.latencyUs / 1e3 }
        return Second(
            second: second,
            answers: report.answers.count { isWithin($0.answeredUs) },
            p50Ms: quantile(0.5, of: latencies),
            p99Ms: quantile(0.99, of: latencies),
            maximumMs: latencies.max() ?? 0,
            failures: report.failures.count { isWithin($0.atUs) }
        )
    }

    /// Latencies of all requests in flight in these seconds, including those that wait for all of them.
    private static func latenciesMs(in seconds: Range<Int>, of report: ProbeReport) -> [Double] {
        let (start, end) = (Double(seconds.lowerBound) * 1e6, Double(seconds.upperBound) * 1e6)
        return (report.answers + report.unanswered)
            .filter { $0.answeredUs >= start && $0.sentUs < end }
            .map { $0.latencyUs / 1e3 }
    }
}
