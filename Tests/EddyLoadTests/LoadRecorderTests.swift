import EddySystem
import Foundation
import Testing

@testable import EddyLoad

/// Counting, adding up and reporting.
@Suite("load: recorder and report")
struct LoadRecorderTests {
    private let configuration = LoadTest.Configuration(target: .loopback(port: 7))

    @Test("The counts of all recorders are added up")
    func sum() {
        let recorders = [LoadRecorder(), LoadRecorder()]
        for (number, recorder) in recorders.enumerated() {
            recorder.update {
                $0.bytesSent += 10
                $0.bytesReceived += 20
                $0.errors.closed += 1
                $0.errors.timeout += 2
                $0.warmupErrors += 1
                $0.record(latency: UInt64(number + 1) * 1000)
            }
        }
        let report = LoadReport(configuration, seconds: 0.5, counts: .sum(of: recorders))
        #expect(report.requests == 2)
        #expect(report.requestsPerSecond == 4)
        #expect(report.bytesSent == 20)
        #expect(report.bytesReceived == 40)
        #expect(report.errors == 6)
        #expect(report.errorsByKind.closed == 2)
        #expect(report.errorsByKind.timeout == 4)
        #expect(report.warmupErrors == 2)
        #expect(report.latency?.min == 1)
        #expect(abs((report.latency?.max ?? 0) - 2) < 0.01)
        #expect(report.target == "tcp://127.0.0.1:7")
    }

    @Test("An empty report has no latencies")
    func nothing() throws {
        let report = LoadReport(configuration, seconds: 0, counts: .sum(of: []))
        #expect(report.requests == 0)
        #expect(report.requestsPerSecond == 0)
        #expect(report.latency == nil)
        #expect(report.outstanding.oldest == nil)
        #expect(report.unanswered.oldest == nil)
        // A program that reads the report finds every key.
        let json = try JSONEncoder().encode(report)
        let object = try #require(try JSONSerialization.jsonObject(with: json) as? [String: Any])
        #expect(object["latency_us"] is NSNull)
        #expect(object["verification_failure"] is NSNull)
        #expect((object["outstanding"] as? [String: Any])?["oldest_us"] is NSNull)
        #expect(try JSONDecoder().decode(LoadReport.self, from: json) == report)
    }

    @Test("Outstanding requests at the end count in the latencies, but not as requests")
    func outstanding() throws {
        let recorders = [LoadRecorder(), LoadRecorder()]
        recorders[0].update { $0.record(latency: 1_000) }
        recorders[0].update { $0.record(latency: 900_000, ageAtEnd: 500_000) }
        recorders[1].update { $0.recordOutstanding(age: 800_000) }
        let report = LoadReport(configuration, seconds: 1, counts: .sum(of: recorders))
        #expect(report.requests == 1)
        #expect(report.outstanding.requests == 2)
        #expect(report.outstanding.answered == 1)
        #expect(report.outstanding.oldest == 800)
        #expect(try #require(report.latency).max >= 900)
    }

    @Test("The age of a request without a reply counts if it is above the median latency")
    func unanswered() throws {
        let recorder = LoadRecorder()
        recorder.update { counts in
            for _ in 0..<3 { counts.record(latency: 10_000) }
            counts.recordUnanswered(age: 1_000)
            counts.recordUnanswered(age: 6_000_000_000)
        }
        let report = LoadReport(configuration, seconds: 1, counts: recorder.current)
        #expect(report.requests == 3)
        #expect(report.unanswered.requests == 2)
        #expect(report.unanswered.oldest == 6_000_000)
        let latency = try #require(report.latency)
        #expect(latency.min == 10)
        #expect(latency.max >= 6_000_000)
    }

    @Test("If no request was answered, the ages of unanswered ones are not latencies")
    func neverAnswered() {
        let recorder = LoadRecorder()
        recorder.update { $0.recordUnanswered(age: 6_000_000_000) }
        let report = LoadReport(configuration, seconds: 1, counts: recorder.current)
        #expect(report.latency == nil)
        #expect(report.unanswered.requests == 1)
    }

    @Test("Percentiles are ordered, exact to three digits, and between the extremes")
    func percentiles() throws {
        let recorder = LoadRecorder()
        recorder.update { for microsecond in 1...UInt64(10_000) { $0.record(latency: microsecond * 1000) } }
        let report = LoadReport(configuration, seconds: 1, counts: recorder.current)
        let latency = try #require(report.latency)
        for (value, expected) in [
            (latency.min, 1), (latency.p50, 5000), (latency.p90, 9000), (latency.p99, 9900), (latency.p99_9, 9990),
            (latency.max, 10_000), (latency.mean, 5000.5),
        ] {
            #expect(abs(value - expected) <= expected / 500)
        }
        #expect(latency.p99_9 <= latency.max)
    }

    @Test("Latencies of zero and of many hours are recorded", arguments: [UInt64(0), 1, .max])
    func extremes(latency: UInt64) throws {
        let recorder = LoadRecorder()
        recorder.update { $0.record(latency: latency) }
        let report = LoadReport(configuration, seconds: 1, counts: recorder.current)
        #expect(report.requests == 1)
        #expect(try #require(report.latency).max <= 3_600_000_000 * 1.001)
    }
}
