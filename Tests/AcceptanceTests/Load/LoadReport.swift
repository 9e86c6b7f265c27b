import Foundation
import Testing

/// The output of `eddy load --format json`.
struct LoadReport: Decodable {
    struct Latency: Decodable {
        let min: Double
        let mean: Double
        let p50: Double
        let p90: Double
        let p99: Double
        let p99_9: Double
        let max: Double
    }

    let target: String
    let mode: String
    let connections: Int
    let duration: Double
    let requests: Int
    let requestsPerSecond: Double
    let bytesSent: Int
    let bytesReceived: Int
    let errors: Int
    let errorsByKind: Errors
    let interrupted: Bool
    let outstanding: Outstanding
    let unanswered: Unanswered
    let verificationFailure: VerificationFailure?
    let latency: Latency?

    struct Errors: Decodable, Equatable {
        var connect = 0
        var closed = 0
        var timeout = 0
        var verification = 0
    }

    struct Outstanding: Decodable {
        let requests: Int
        let answered: Int
        let oldest: Double?

        private enum CodingKeys: String, CodingKey {
            case requests
            case answered
            case oldest = "oldest_us"
        }
    }

    struct Unanswered: Decodable {
        let requests: Int
        let oldest: Double?

        private enum CodingKeys: String, CodingKey {
            case requests
            case oldest = "oldest_us"
        }
    }

    struct VerificationFailure: Decodable {
        let reason: String
        let connection: Int
        let offset: Int
    }

    private enum CodingKeys: String, CodingKey {
        case target
        case mode
        case connections
        case duration = "duration_s"
        case requests
        case requestsPerSecond = "requests_per_second"
        case bytesSent = "bytes_sent"
        case bytesReceived = "bytes_received"
        case errors
        case errorsByKind = "errors_by_kind"
        case interrupted
        case outstanding
        case unanswered
        case verificationFailure = "verification_failure"
        case latency = "latency_us"
    }
}

extension LoadReport {
    /// Runs `eddy load`, which must succeed.
    static func run(_ target: String, _ options: [String]) async throws -> LoadReport {
        let finished = try await RunningCommand.run([Eddy.path, "load", target, "--format", "json"] + options)
        #expect(finished.ending == .exit(0), "\(finished)")
        return try LoadReport(finished.output)
    }

    /// Parses the command's output.
    init(_ output: [String]) throws {
        self = try JSONDecoder().decode(LoadReport.self, from: Data(output.joined(separator: "\n").utf8))
    }
}
