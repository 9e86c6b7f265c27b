import Foundation
import Testing

/// What `eddy load --format json` says.
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
    let latency: Latency

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
        case latency = "latency_us"
    }
}

extension LoadReport {
    /// Runs `eddy load`, which is to succeed.
    static func run(_ target: String, _ options: [String]) async throws -> LoadReport {
        let finished = try await RunningCommand.run([Eddy.path, "load", target, "--format", "json"] + options)
        #expect(finished.ending == .exit(0), "\(finished)")
        let json = Data(finished.output.joined(separator: "\n").utf8)
        return try JSONDecoder().decode(LoadReport.self, from: json)
    }
}
