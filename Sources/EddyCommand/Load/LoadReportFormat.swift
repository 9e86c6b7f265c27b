import ArgumentParser
import EddyLoad
internal import FoundationEssentials

/// The output format of a load report.
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
    /// One object, pretty-printed.
    fileprivate var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        // Contains only numbers, strings and a Boolean, which JSON can represent.
        guard let data = try? encoder.encode(self) else { preconditionFailure("a load report is not encodable") }
        return String(decoding: data, as: UTF8.self)
    }

    fileprivate var text: String {
        let depth = depth == 1 ? "" : ", \(depth) requests outstanding on each"
        let verified = verified ? ", every byte compared" : ""
        let interrupted = interrupted ? ", interrupted" : ""
        let head = """
            \(target): \(connections) connections\(depth), \(messageSize) bytes per message, \
            \(Figure.seconds(duration))\(verified)\(interrupted)
            """
        let latencies = latencyRows.enumerated().map { number, row in
            Self.row(number == 0 ? "latency" : "", row)
        }
        return ([head, ""] + rows.map(Self.row) + [""] + latencies).joined(separator: "\n")
    }

    private var rows: [(String, String)] {
        var rows = [
            ("requests", "\(Figure.count(Double(requests))), \(Figure.count(requestsPerSecond)) per second"),
            ("sent", "\(Figure.bytes(bytesSent)), \(Figure.bytesPerSecond(bytesSent, in: duration))"),
            ("received", "\(Figure.bytes(bytesReceived)), \(Figure.bytesPerSecond(bytesReceived, in: duration))"),
            ("errors", errors == 0 ? "0" : "\(errors): \(errorsByKind.text)"),
        ]
        if warmupErrors > 0 { rows.append(("", "\(warmupErrors) more during the warm-up")) }
        if let oldest = outstanding.oldest {
            let age = Figure.microseconds(oldest)
            rows.append(
                (
                    "outstanding",
                    "\(outstanding.requests) at the end, the oldest for \(age); \(outstanding.answered) answered later"
                )
            )
        }
        if let oldest = unanswered.oldest {
            rows.append(("unanswered", "\(unanswered.requests), given up after at most \(Figure.microseconds(oldest))"))
        }
        return rows
    }

    private var latencyRows: [String] {
        guard let latency else { return ["none: no request was answered"] }
        let rows = [
            ("min", latency.min), ("mean", latency.mean), ("p50", latency.p50), ("p90", latency.p90),
            ("p99", latency.p99), ("p99.9", latency.p99_9), ("max", latency.max),
        ]
        return rows.map { Self.padded($0.0, to: 9) + Figure.microseconds($0.1) }
    }

    private static func row(_ name: String, _ text: String) -> String { "  \(padded(name, to: 13))\(text)" }

    private static func padded(_ text: String, to width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }
}

extension LoadReport.Errors {
    /// For example `3 connections closed, 1 without a reply in time`.
    var text: String {
        let kinds = [
            (connect, "could not connect again"), (closed, "closed or reset by the server"),
            (timeout, "without a reply in time"), (verification, "with wrong bytes"),
        ]
        return kinds.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
    }
}
