/// How a test that runs is doing.
public struct LoadProgress: Sendable {
    /// How long requests have been counted.
    public let seconds: Double
    /// How long they will be counted in all.
    public let totalSeconds: Double
    /// Requests completed so far.
    public let requests: UInt64
    /// Errors so far, without those before that time.
    public let errors: UInt64

    init(seconds: Double, counts: LoadCounts, of configuration: LoadTest.Configuration) {
        self.seconds = seconds
        totalSeconds = configuration.duration / .seconds(1)
        requests = counts.requests
        errors = counts.errors.total
    }

    /// Requests completed in a second, on average; 0 at the start.
    public var requestsPerSecond: Double { seconds > 0 ? Double(requests) / seconds : 0 }
}
