internal import Eddy

/// The result of a load test. Its coded form is the output of `eddy load --format json`: an absent value is null.
public struct LoadReport: Sendable, Codable, Equatable {
    /// `tcp://HOST:PORT`.
    public var target: String
    /// How requests are timed: `closed` means that the next one is sent when the last reply is complete.
    public var mode = "closed"
    /// Connections, all open at the same time.
    public var connections: Int
    /// Concurrent requests on each connection.
    public var depth: Int
    /// Event loops of the client.
    public var threads: Int
    /// Bytes of a request and of its reply.
    public var messageSize: Int
    /// Whether every byte was compared.
    public var verified: Bool
    /// Seconds during which requests were counted.
    public var duration: Double
    /// Whether the test was cancelled. The figures cover the time until then.
    public var interrupted: Bool
    /// Requests whose reply was completed in that time.
    public var requests: UInt64
    /// Requests divided by the duration.
    public var requestsPerSecond: Double
    /// Bytes of the requests that were sent in that time.
    public var bytesSent: UInt64
    /// Bytes received in that time.
    public var bytesReceived: UInt64
    /// All errors from the start of that time until the last reply arrived or was given up.
    public var errors: UInt64
    /// The same errors, by kind.
    public var errorsByKind: Errors
    /// Errors before that time, which the other counts do not include.
    public var warmupErrors: UInt64
    /// Requests that had no reply when that time ended.
    public var outstanding: Outstanding
    /// Requests that never got a reply, except those that were outstanding when the time was cut short.
    public var unanswered: Unanswered
    /// Why the test ended early; nil if no reply was wrong.
    public var verificationFailure: VerificationFailure?
    /// Time from passing the first byte of a request to the loop until the last byte of its reply, in microseconds; nil
    /// if no request was answered.
    public var latency: Latency?

    private enum CodingKeys: String, CodingKey {
        case target
        case mode
        case connections
        case depth
        case threads
        case messageSize = "message_bytes"
        case verified
        case duration = "duration_s"
        case interrupted
        case requests
        case requestsPerSecond = "requests_per_second"
        case bytesSent = "bytes_sent"
        case bytesReceived = "bytes_received"
        case errors
        case errorsByKind = "errors_by_kind"
        case warmupErrors = "warmup_errors"
        case outstanding
        case unanswered
        case verificationFailure = "verification_failure"
        case latency = "latency_us"
    }

    init(
        _ configuration: LoadTest.Configuration,
        seconds: Double,
        counts: LoadCounts,
        interrupted: Bool = false,
        failure: VerificationFailure? = nil
    ) {
        let target = configuration.target
        self.target = target.address?.isUnix == true ? "\(target)" : "tcp://\(target)"
        connections = configuration.connections
        depth = configuration.depth
        threads = configuration.loops
        messageSize = configuration.messageSize
        verified = configuration.verifies
        duration = seconds
        self.interrupted = interrupted
        requests = counts.requests
        requestsPerSecond = seconds > 0 ? Double(counts.requests) / seconds : 0
        bytesSent = counts.bytesSent
        bytesReceived = counts.bytesReceived
        errors = counts.errors.total
        errorsByKind = counts.errors
        warmupErrors = counts.warmupErrors
        outstanding = Outstanding(counts.outstanding)
        unanswered = Unanswered(counts.unanswered)
        verificationFailure = failure
        latency = Latency(counts)
    }

    /// Encodes all keys, including those of absent values.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(target, forKey: .target)
        try container.encode(mode, forKey: .mode)
        try container.encode(connections, forKey: .connections)
        try container.encode(depth, forKey: .depth)
        try container.encode(threads, forKey: .threads)
        try container.encode(messageSize, forKey: .messageSize)
        try container.encode(verified, forKey: .verified)
        try container.encode(duration, forKey: .duration)
        try container.encode(interrupted, forKey: .interrupted)
        try container.encode(requests, forKey: .requests)
        try container.encode(requestsPerSecond, forKey: .requestsPerSecond)
        try container.encode(bytesSent, forKey: .bytesSent)
        try container.encode(bytesReceived, forKey: .bytesReceived)
        try container.encode(errors, forKey: .errors)
        try container.encode(errorsByKind, forKey: .errorsByKind)
        try container.encode(warmupErrors, forKey: .warmupErrors)
        try container.encode(outstanding, forKey: .outstanding)
        try container.encode(unanswered, forKey: .unanswered)
        try container.encode(verificationFailure, forKey: .verificationFailure)
        try container.encode(latency, forKey: .latency)
    }
}
