/// The progress of a running test.
public struct LoadProgress: Sendable {
    /// Seconds for which requests have been counted.
    public let seconds: Double
    /// Seconds for which requests will be counted in total.
    public let totalSeconds: Double
    /// Requests completed so far.
    public let requests: UInt64
    /// Errors so far, without those before the counting began.
    public let errors: UInt64

    init(seconds: Double, counts: LoadCounts, of configuration: LoadTest.Configuration) {
        self.seconds = seconds
        totalSeconds = configuration.duration / .seconds(1)
        requests = counts.requests
        errors = counts.errors.total
    }

    /// Requests completed per second, on average; 0 at the start.
    public var requestsPerSecond: Double { seconds > 0 ? Double(requests) / seconds : 0 }
}
