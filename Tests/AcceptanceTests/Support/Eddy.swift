import Foundation

/// The built command.
enum Eddy {
    /// Its path: set by the environment, or next to the tests, where the same build has put it.
    static let path: String =
        ProcessInfo.processInfo.environment["EDDY_COMMAND"]
        ?? URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().appendingPathComponent("eddy").path

    /// Runs the command to its end.
    static func run(_ arguments: String...) async throws -> FinishedCommand {
        try await RunningCommand.run([path] + arguments)
    }

    /// Whether the tests run with `EDDY_ENGINE=epoll`.
    static let runsOnEpoll = ProcessInfo.processInfo.environment["EDDY_ENGINE"] == "epoll"

    /// Large amounts of bytes take minutes, so they are sent only on request.
    static let isHeavy = ProcessInfo.processInfo.environment["EDDY_HEAVY"] == "1"
}

extension Int {
    static func KiB(_ count: Int) -> Int { count << 10 }
    static func MiB(_ count: Int) -> Int { count << 20 }
}
