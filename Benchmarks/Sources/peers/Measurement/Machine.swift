import Foundation

/// The machine that the measurement ran on.
struct Machine: Encodable {
    let kernel: String
    let processor: String
    let processors: Int

    init() {
        kernel = Self.firstLine(of: "/proc/sys/kernel/osrelease") ?? "unknown"
        processor =
            Self.firstLine(of: "/proc/cpuinfo", startingWith: "model name")?
            .split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) } ?? "unknown"
        processors = ProcessInfo.processInfo.processorCount
    }

    var description: String {
        "kernel \(kernel), \(processors) processors (\(processor))"
    }

    private static func firstLine(of path: String, startingWith start: String = "") -> String? {
        try? String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").first { $0.hasPrefix(start) }
            .map(String.init)
    }
}
