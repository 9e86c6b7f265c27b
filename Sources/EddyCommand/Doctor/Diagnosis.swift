import Eddy
internal import FoundationEssentials

/// The findings of `eddy doctor`. Programs read its JSON, so the names are stable. They follow the style of
/// `eddy load`.
struct Diagnosis: Encodable {
    let kernel: String
    /// `kernel.io_uring_disabled`; nil if the kernel has no such switch.
    let ioUringDisabled: Int?
    let processors: Int
    let openFiles: SystemInformation.Limit
    /// How to fix a limit of open files that leaves room for few connections; nil if the limit is high enough.
    let openFilesRemedy: String?
    let lockedMemory: SystemInformation.Limit
    /// Loops that were started.
    let loops: Int
    let engine: Engine
    let features: [Feature]

    struct Engine: Encodable {
        let name: EngineKind
        let reason: String
        /// Entries of each loop's submission queue.
        let submissionEntries: UInt32

        private enum CodingKeys: String, CodingKey {
            case name
            case reason
            case submissionEntries = "submission_entries"
        }
    }

    struct Feature: Encodable {
        let name: String
        /// The kernel release that introduced it, such as `6.12`.
        let kernel: String
        let status: FeatureFinding.Status
        let remedy: String?
    }

    private enum CodingKeys: String, CodingKey {
        case kernel
        case ioUringDisabled = "io_uring_disabled"
        case processors
        case openFiles = "open_files"
        case openFilesRemedy = "open_files_remedy"
        case lockedMemory = "locked_memory_bytes"
        case loops
        case engine
        case features
    }

    /// Starts loops as a server does, and asks them: a separate probe may find more than a server's own rings get.
    init(loops: Int) throws(RingError) {
        let group = try EventLoopGroup(count: loops)
        defer { group.shutDown() }
        kernel = SystemInformation.kernelRelease
        ioUringDisabled = SystemInformation.ioUringDisabled
        processors = EventLoopGroup.processorCount
        openFiles = SystemInformation.openFiles
        openFilesRemedy = Self.remedy(forOpenFiles: SystemInformation.openFiles, loops: loops)
        lockedMemory = SystemInformation.lockedMemory
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

    /// Each connection takes a descriptor, and the loops take some. The commands raise the limit as far as they may;
    /// other programs must raise it themselves.
    static func remedy(forOpenFiles limit: SystemInformation.Limit, loops: Int) -> String? {
        guard let soft = limit.soft, soft < 1024 else { return nil }
        let connections = OpenFileLimit.descriptorsForConnections(within: soft, loops: loops)
        let room = "enough for about \(connections) concurrent connections"
        if let hard = limit.hard, hard < 1024 {
            return "\(room); raise it with 'ulimit -n' as root, or in the limits of the container or unit"
        }
        return "\(room), unless it is raised, as eddy's servers do; raise it with 'ulimit -n'"
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

    /// One object, pretty-printed.
    var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        // Contains only numbers and strings, which JSON can represent.
        guard let data = try? encoder.encode(self) else { preconditionFailure("a diagnosis is not encodable") }
        return String(decoding: data, as: UTF8.self)
    }
}
