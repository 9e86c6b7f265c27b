internal import Histogram
internal import Synchronization

/// What one loop's connections have done within the window.
///
/// The loop records and others look on, so a lock guards the counts. It is taken once a read and free nearly always.
final class LoadRecorder: Sendable {
    private let counts = Mutex(LoadCounts())

    func update(_ change: (inout LoadCounts) -> Void) {
        counts.withLock { change(&$0) }
    }

    var current: LoadCounts { counts.withLock { $0 } }
}

/// What was counted.
struct LoadCounts: Sendable {
    private(set) var requests: UInt64 = 0
    var bytesSent: UInt64 = 0
    var bytesReceived: UInt64 = 0
    var errors: UInt64 = 0
    /// Latencies in nanoseconds, with three significant digits.
    private(set) var latencies = Histogram<UInt32>(highestTrackableValue: Self.longestLatency)

    /// An hour: longer latencies are recorded as one.
    private static let longestLatency: UInt64 = 3_600_000_000_000

    /// Counts a request that took `latency` nanoseconds.
    mutating func record(latency: UInt64) {
        requests += 1
        latencies.record(min(latency, Self.longestLatency))
    }

    static func sum(of recorders: [LoadRecorder]) -> LoadCounts {
        var sum = LoadCounts()
        for counts in recorders.map(\.current) {
            sum.requests += counts.requests
            sum.bytesSent += counts.bytesSent
            sum.bytesReceived += counts.bytesReceived
            sum.errors += counts.errors
            sum.latencies.add(counts.latencies)
        }
        return sum
    }
}
