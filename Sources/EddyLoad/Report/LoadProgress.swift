/// How a test that runs is doing.
public struct LoadProgress: Sendable {
    /// How long requests have been counted, and how long they will be.
    public let seconds: Double
    public let totalSeconds: Double
    /// Requests completed so far.
    public let requests: UInt64
    public let errors: UInt64

    init(seconds: Double, counts: LoadCounts, of configuration: LoadTest.Configuration) {
        self.seconds = seconds
        totalSeconds = configuration.duration / .seconds(1)
        requests = counts.requests
        errors = counts.errors
    }

    public var requestsPerSecond: Double { seconds > 0 ? Double(requests) / seconds : 0 }
}
