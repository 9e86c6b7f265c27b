import Foundation
import Testing

/// What `eddy doctor` says, as a program reads it.
struct Diagnosis: Decodable {
    let kernel: String
    let processors: Int
    let openFiles: Limit
    let lockedMemory: Limit
    let engine: Engine
    let features: [Feature]

    struct Limit: Decodable {
        let soft: UInt64?
    }

    struct Engine: Decodable {
        let name: String
        let reason: String
    }

    struct Feature: Decodable {
        let name: String
        let kernel: String
        let status: String
        let remedy: String?
    }
}

extension Diagnosis {
    /// Runs `eddy doctor --format json` under a wrapper.
    static func make(under wrapper: [String] = []) async throws -> Diagnosis {
        let finished = try await RunningCommand.run(wrapper + [Eddy.path, "doctor", "--format", "json"])
        #expect(finished.ending == .exit(0))
        #expect(finished.errors == [])
        return try JSONDecoder().decode(
            Diagnosis.self,
            from: Data(finished.output.joined(separator: "\n").utf8)
        )
    }
}
