internal import Histogram

// Each request ends in one of four ways:
//
//                     window                        drain
//     ├──────────────────────────────────────┼─────────────────────┤
//     sent ───────▶ answered                 │                        a request, and its latency
//     sent ───────▶ lost with its connection │                        unanswered
//                               sent ────────┼─────▶ answered         outstanding, and its latency
//                               sent ────────┼─────▶ lost, given up   outstanding and unanswered
//
// Leaving the last two out would hide a server that stalls when the test ends.

/// The counts of a test.
struct LoadCounts: Sendable {
    private(set) var requests: UInt64 = 0
    var bytesSent: UInt64 = 0
    var bytesReceived: UInt64 = 0
    var errors = LoadReport.Errors()
    /// Errors before the window.
    var warmupErrors: UInt64 = 0
    private(set) var outstanding = Outstanding()
    private(set) var unanswered = Unanswered()
    /// Latencies in nanoseconds, with three significant digits.
    private(set) var latencies = Self.noLatencies
    /// The ages at which requests without a reply were given up: their latencies would have been longer.
    private(set) var agesWithoutReply = Self.noLatencies

    /// Requests that were outstanding at the end of the window.
    struct Outstanding: Sendable {
        fileprivate(set) var requests: UInt64 = 0
        fileprivate(set) var answered: UInt64 = 0
        /// The highest age at the end of the window, in nanoseconds.
        fileprivate(set) var oldest: UInt64 = 0
    }

    /// Requests that got no reply.
    struct Unanswered: Sendable {
        fileprivate(set) var requests: UInt64 = 0
        /// The highest age of a request that was given up, in nanoseconds.
        fileprivate(set) var oldest: UInt64 = 0
    }

    /// An hour: longer latencies are recorded as one.
    private static let longestLatency: UInt64 = 3_600_000_000_000
    private static var noLatencies: Histogram<UInt32> { Histogram(highestTrackableValue: longestLatency) }

    /// Counts a request that was answered within the window, `latency` nanoseconds after it was sent.
    mutating func record(latency: UInt64) {
        requests += 1
        latencies.record(min(latency, Self.longestLatency))
    }

    /// Counts a request that was outstanding at the end of the window, `age` old, and answered later.
    mutating func record(latency: UInt64, ageAtEnd age: UInt64) {
        recordOutstanding(age: age)
        outstanding.answered += 1
        latencies.record(min(latency, Self.longestLatency))
    }

    /// Counts a request that was outstanding at the end of the window.
    mutating func recordOutstanding(age: UInt64) {
        outstanding.requests += 1
        outstanding.oldest = max(outstanding.oldest, age)
    }

    /// Counts a request that was given up, `age` old.
    mutating func recordUnanswered(age: UInt64) {
        unanswered.requests += 1
        unanswered.oldest = max(unanswered.oldest, age)
        recordAgeWithoutReply(age)
    }

    /// Includes the age of a request without a reply in the latencies.
    mutating func recordAgeWithoutReply(_ age: UInt64) {
        agesWithoutReply.record(min(age, Self.longestLatency))
    }

    static func sum(of recorders: [LoadRecorder]) -> LoadCounts {
        var sum = LoadCounts()
        for counts in recorders.map(\.current) { sum.add(counts) }
        return sum
    }

    private mutating func add(_ other: LoadCounts) {
        requests += other.requests
        bytesSent += other.bytesSent
        bytesReceived += other.bytesReceived
        errors.add(other.errors)
        warmupErrors += other.warmupErrors
        outstanding.requests += other.outstanding.requests
        outstanding.answered += other.outstanding.answered
        outstanding.oldest = max(outstanding.oldest, other.outstanding.oldest)
        unanswered.requests += other.unanswered.requests
        unanswered.oldest = max(unanswered.oldest, other.unanswered.oldest)
        latencies.add(other.latencies)
        agesWithoutReply.add(other.agesWithoutReply)
    }
}
