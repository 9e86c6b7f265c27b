import Eddy
internal import FoundationEssentials

/// What `eddy doctor` finds. Its JSON is for programs: names stay as they are.
struct Diagnosis: Encodable {
    let kernel: String
    /// `kernel.io_uring_disabled`; nil where there is no such switch.
    let ioUringDisabled: Int?
    let processors: Int
    let openFiles: SystemFacts.Limit
    let lockedMemory: SystemFacts.Limit
    let engine: Engine
    let features: [Feature]

    struct Engine: Encodable {
        let name: EngineKind
        let reason: String
    }

    struct Feature: Encodable {
        let name: String
        /// The kernel release that brought it, such as `6.12`.
        let kernel: String
        let status: FeatureFinding.Status
        let remedy: String?
    }

    /// Tries everything.
    init() throws(RingError) {
        let choice = try EngineChoice.current()
        kernel = SystemFacts.kernelRelease
        ioUringDisabled = SystemFacts.ioUringDisabled
        processors = EventLoopGroup.processorCount
        openFiles = SystemFacts.openFiles
        lockedMemory = SystemFacts.lockedMemory
        engine = Engine(name: choice.kind, reason: Self.text(of: choice.reason))
        features = try FeatureFinding.all().map { finding in
            Feature(
                name: finding.feature.rawValue,
                kernel: "\(finding.feature.kernel.major).\(finding.feature.kernel.minor)",
                status: finding.status,
                remedy: finding.remedy
            )
        }
    }

    private static func text(of reason: EngineChoice.Reason) -> String {
        switch reason {
        case .available: "it is the best, and this system gives it"
        case .environment: "EDDY_ENGINE asks for it"
        case .fallback(let error): "\(error)"
        }
    }

    /// One object, on lines of its own.
    var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        // Numbers and texts: there is nothing in it that JSON does not have.
        guard let data = try? encoder.encode(self) else { preconditionFailure("a diagnosis is not encodable") }
        return String(decoding: data, as: UTF8.self)
    }
}
