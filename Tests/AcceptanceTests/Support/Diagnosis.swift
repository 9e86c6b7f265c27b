import Foundation
import Testing

/// The JSON output of `eddy doctor`.
struct Diagnosis: Decodable {
    let kernel: String
    let processors: Int
    let openFiles: Limit
    let openFilesRemedy: String?
    let lockedMemory: Limit
    let engine: Engine
    let features: [Feature]

    struct Limit: Decodable {
        let soft: UInt64?
        let hard: UInt64?
    }

    struct Engine: Decodable {
        let name: String
        let reason: String
        let submissionEntries: Int

        private enum CodingKeys: String, CodingKey {
            case name
            case reason
            case submissionEntries = "submission_entries"
        }
    }

    struct Feature: Decodable {
        let name: String
        let kernel: String
        let status: String
        let remedy: String?
    }

    private enum CodingKeys: String, CodingKey {
        case kernel
        case processors
        case openFiles = "open_files"
        case openFilesRemedy = "open_files_remedy"
        case lockedMemory = "locked_memory_bytes"
        case engine
        case features
    }
}

extension Diagnosis {
    /// Runs `eddy doctor --format json` with more options, with a wrapper in front.
    static func make(_ options: [String] = [], under wrapper: [String] = []) async throws -> Diagnosis {
        let finished = try await RunningCommand.run(wrapper + [Eddy.path, "doctor", "--format", "json"] + options)
        #expect(finished.ending == .exit(0))
        #expect(finished.errors == [])
        return try JSONDecoder().decode(
            Diagnosis.self,
            from: Data(finished.output.joined(separator: "\n").utf8)
        )
    }
}
