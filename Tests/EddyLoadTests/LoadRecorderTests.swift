import EddyRing
import Testing

@testable import EddyLoad

/// What is counted, and how it is added up and reported.
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
                $0.errors += 1
                $0.record(latency: UInt64(number + 1) * 1000)
            }
        }
        let report = LoadReport(configuration, seconds: 0.5, counts: .sum(of: recorders))
        #expect(report.requests == 2)
        #expect(report.requestsPerSecond == 4)
        #expect(report.bytesSent == 20)
        #expect(report.bytesReceived == 40)
        #expect(report.errors == 2)
        #expect(report.latency.min == 1)
        #expect(abs(report.latency.max - 2) < 0.01)
        #expect(report.target == "tcp://127.0.0.1:7")
    }

    @Test("A report of nothing holds zeros, and no number that is none")
    func nothing() {
        let report = LoadReport(configuration, seconds: 0, counts: .sum(of: []))
        #expect(report.requests == 0)
        #expect(report.requestsPerSecond == 0)
        #expect(report.latency.min == 0)
        #expect(report.latency.mean == 0)
        #expect(report.latency.p99_9 == 0)
        #expect(report.latency.max == 0)
    }

    @Test("Percentiles are in order and within three digits, and lie within the extremes")
    func percentiles() {
        let recorder = LoadRecorder()
        recorder.update { for microsecond in 1...UInt64(10_000) { $0.record(latency: microsecond * 1000) } }
        let latency = LoadReport(configuration, seconds: 1, counts: recorder.current).latency
        for (value, expected) in [
            (latency.min, 1), (latency.p50, 5000), (latency.p90, 9000), (latency.p99, 9900), (latency.p99_9, 9990),
            (latency.max, 10_000), (latency.mean, 5000.5),
        ] {
            #expect(abs(value - expected) <= expected / 500)
        }
        #expect(latency.p99_9 <= latency.max)
    }

    @Test("Latencies of no time and of many hours are recorded", arguments: [UInt64(0), 1, .max])
    func extremes(latency: UInt64) {
        let recorder = LoadRecorder()
        recorder.update { $0.record(latency: latency) }
        let report = LoadReport(configuration, seconds: 1, counts: recorder.current)
        #expect(report.requests == 1)
        #expect(report.latency.max <= 3_600_000_000 * 1.001)
    }
}
