import Foundation

/// A Redis server without persistence.
struct Redis {
    let port: Int

    static let isInstalled = ["redis-server", "redis-benchmark"].allSatisfy(isOnPath)

    static func start() async throws -> Redis {
        let port = try freePort()
        let command = try RunningCommand([
            "redis-server", "--port", "\(port)", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
        ])
        guard try await command.output.line(where: { $0.contains("Ready to accept connections") }) != nil else {
            throw NotReady(errors: try await command.output.all())
        }
        return Redis(port: port)
    }
}

/// Whether a program with the name is on the path.
func isOnPath(_ program: String) -> Bool {
    let folders = ProcessInfo.processInfo.environment["PATH"]?.split(separator: ":") ?? []
    return folders.contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(program)") }
}
