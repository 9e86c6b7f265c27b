import Eddy

extension Diagnosis {
    /// For people: one fact per line, with how to get what is missing.
    var text: String {
        let facts = [
            ("kernel", kernel + (ioUringDisabled.map { ", kernel.io_uring_disabled = \($0)" } ?? "")),
            ("processors", "\(processors)"),
            ("open files", Self.text(of: openFiles) + (openFilesRemedy.map { ": \($0)" } ?? "")),
            ("locked memory", Self.text(of: lockedMemory, unit: " bytes") + "; fixed buffers take a quarter at most"),
            ("event loops", "\(loops), with \(engine.submissionEntries) entries each"),
            ("engine", "\(engine.name): \(engine.reason)"),
        ]
        let lines = facts.map { "\(Self.padded($0.0, to: 15))\($0.1)" }
        let width = 3 + (features.map(\.name.count).max() ?? 0)
        let findings = features.map { feature in
            "  \(Self.padded(feature.name, to: width))\(feature.status)" + (feature.remedy.map { ": \($0)" } ?? "")
        }
        return (lines + ["", "features"] + findings).joined(separator: "\n")
    }

    private static func text(of limit: SystemInformation.Limit, unit: String = "") -> String {
        let text = { (value: UInt64?) in value.map { "\(Figure.count(Double($0)))\(unit)" } ?? "unlimited" }
        return "\(text(limit.soft)) (may be raised to \(text(limit.hard)))"
    }

    private static func padded(_ text: String, to width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }
}
