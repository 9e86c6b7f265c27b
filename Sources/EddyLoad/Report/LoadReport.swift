internal import Eddy
internal import Histogram

/// What a load test has measured. Its coded form is what `eddy load --format json` prints.
public struct LoadReport: Sendable, Codable, Equatable {
    /// `tcp://HOST:PORT`.
    public var target: String
    /// How requests are timed: `closed`, the next one when the last one's reply is complete.
    public var mode = "closed"
    /// Connections, all open at the same time.
    public var connections: Int
    /// Requests under way at a time on each connection.
    public var depth: Int
    /// Event loops of the client.
    public var threads: Int
    /// Bytes of a request and of its reply.
    public var messageSize: Int
    /// Whether every byte was compared.
    public var verified: Bool
    /// Seconds during which requests were counted.
    public var duration: Double
    /// Requests whose reply was completed in that time.
    public var requests: UInt64
    /// These requests, divided by the duration.
    public var requestsPerSecond: Double
    /// Bytes of the requests that were sent in that time.
    public var bytesSent: UInt64
    /// Bytes that came back in that time.
    public var bytesReceived: UInt64
    /// Connections that broke, could not be made again, or whose last replies did not come, at any time of the test.
    public var errors: UInt64
    /// From the first byte of a request given to the loop until the last byte of its reply, in microseconds.
    public var latency: Latency

    /// Latencies in microseconds, exact to three significant digits; all 0 when no request was counted.
    public struct Latency: Sendable, Codable, Equatable {
        /// The shortest.
        public var min: Double
        /// The average.
        public var mean: Double
        /// Half of the requests took no longer.
        public var p50: Double
        /// 90 of 100 requests took no longer.
        public var p90: Double
        /// 99 of 100 requests took no longer.
        public var p99: Double
        /// 999 of 1,000 requests took no longer.
        public var p99_9: Double
        /// The longest.
        public var max: Double

        init(_ nanoseconds: Histogram<UInt32>) {
            func percentile(_ percentile: Double) -> Double {
                // A percentile lies within its bucket; the highest one must not lie above the maximum.
                Double(Swift.min(nanoseconds.valueAtPercentile(percentile), nanoseconds.maxRecorded)) / 1000
            }
            let isEmpty = nanoseconds.totalCount == 0
            min = isEmpty ? 0 : Double(nanoseconds.min) / 1000
            mean = isEmpty ? 0 : nanoseconds.mean / 1000
            p50 = isEmpty ? 0 : percentile(50)
            p90 = isEmpty ? 0 : percentile(90)
            p99 = isEmpty ? 0 : percentile(99)
            p99_9 = isEmpty ? 0 : percentile(99.9)
            max = isEmpty ? 0 : Double(nanoseconds.maxRecorded) / 1000
        }
    }

    private enum CodingKeys: String, CodingKey {
        case target
        case mode
        case connections
        case depth
        case threads
        case messageSize = "message_bytes"
        case verified
        case duration = "duration_s"
        case requests
        case requestsPerSecond = "requests_per_second"
        case bytesSent = "bytes_sent"
        case bytesReceived = "bytes_received"
        case errors
        case latency = "latency_us"
    }

    init(_ configuration: LoadTest.Configuration, seconds: Double, counts: LoadCounts) {
        let target = configuration.target
        self.target = target.address?.isUnix == true ? "\(target)" : "tcp://\(target)"
        connections = configuration.connections
        depth = configuration.depth
        threads = configuration.loops
        messageSize = configuration.messageSize
        verified = configuration.verifies
        duration = seconds
        requests = counts.requests
        requestsPerSecond = seconds > 0 ? Double(counts.requests) / seconds : 0
        bytesSent = counts.bytesSent
        bytesReceived = counts.bytesReceived
        errors = counts.errors
        latency = Latency(counts.latencies)
    }
}
