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
    /// Loops that were started.
    let loops: Int
    let engine: Engine
    let features: [Feature]

    struct Engine: Encodable {
        let name: EngineKind
        let reason: String
        /// Entries of each loop's submission queue.
        let submissionEntries: UInt32
    }

    struct Feature: Encodable {
        let name: String
        /// The kernel release that brought it, such as `6.12`.
        let kernel: String
        let status: FeatureFinding.Status
        let remedy: String?
    }

    /// Starts loops as a server does, and asks them: what is tried apart from a server's own rings may not be what it gets.
    init(loops: Int) throws(RingError) {
        let group = try EventLoopGroup(count: loops)
        defer { group.shutDown() }
        kernel = SystemFacts.kernelRelease
        ioUringDisabled = SystemFacts.ioUringDisabled
        processors = EventLoopGroup.processorCount
        openFiles = SystemFacts.openFiles
        lockedMemory = SystemFacts.lockedMemory
        self.loops = loops
        engine = Engine(
            name: group.engine.kind,
            reason: Self.text(of: group.engine),
            submissionEntries: group.submissionEntries
        )
        features = FeatureFinding.all(with: group.engine, group.features).map { finding in
            Feature(
                name: finding.feature.rawValue,
                kernel: "\(finding.feature.kernel.major).\(finding.feature.kernel.minor)",
                status: finding.status,
                remedy: finding.remedy
            )
        }
    }

    private static func text(of choice: EngineChoice) -> String {
        let reason =
            switch choice.reason {
            case .available: "preferred engine, available"
            case .environment: "EDDY_ENGINE names it"
            case .fallback(let error): "\(error)"
            }
        return ([reason] + (choice.reduction.map { ["\($0)"] } ?? [])).joined(separator: ", ")
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
