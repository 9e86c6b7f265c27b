import ArgumentParser
import EddyLoad
internal import FoundationEssentials

/// What a load report looks like.
enum LoadReportFormat: String, ExpressibleByArgument, CaseIterable {
    case text
    case json

    func text(of report: LoadReport) -> String {
        switch self {
        case .text: report.text
        case .json: report.json
        }
    }
}

extension LoadReport {
    /// One object, on lines of its own.
    fileprivate var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        // Numbers, texts and a flag: there is nothing in it that JSON does not have.
        guard let data = try? encoder.encode(self) else { preconditionFailure("a load report is not encodable") }
        return String(decoding: data, as: UTF8.self)
    }

    fileprivate var text: String {
        let depth = depth == 1 ? "" : ", \(depth) requests under way on each"
        let verified = verified ? ", every byte compared" : ""
        return """
            \(target): \(connections) connections\(depth), \(messageSize) bytes a message, \
            \(Figure.seconds(duration))\(verified)

              requests   \(Figure.count(Double(requests))), \(Figure.count(requestsPerSecond)) a second
              sent       \(Figure.bytes(bytesSent)), \(Figure.bytesPerSecond(bytesSent, in: duration))
              received   \(Figure.bytes(bytesReceived)), \(Figure.bytesPerSecond(bytesReceived, in: duration))
              errors     \(errors)

              latency    min      \(Figure.microseconds(latency.min))
                         mean     \(Figure.microseconds(latency.mean))
                         p50      \(Figure.microseconds(latency.p50))
                         p90      \(Figure.microseconds(latency.p90))
                         p99      \(Figure.microseconds(latency.p99))
                         p99.9    \(Figure.microseconds(latency.p99_9))
                         max      \(Figure.microseconds(latency.max))
            """
    }
}
