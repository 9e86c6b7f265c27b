import Foundation

/// The built command.
enum Eddy {
    /// Where it is: as the environment says, or beside the tests, where the same build has put it.
    static let path: String =
        ProcessInfo.processInfo.environment["EDDY_COMMAND"]
        ?? URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().appendingPathComponent("eddy").path

    /// Runs the command from its start to its end.
    static func run(_ arguments: String...) async throws -> FinishedCommand {
        try await RunningCommand.run([path] + arguments)
    }

    /// Whether the commands run on epoll because the tests were told to.
    static let runsOnEpoll = ProcessInfo.processInfo.environment["EDDY_ENGINE"] == "epoll"

    /// The large amounts of bytes take minutes, so they are sent on request only.
    static let isHeavy = ProcessInfo.processInfo.environment["EDDY_HEAVY"] == "1"
}

extension Int {
    static func KiB(_ count: Int) -> Int { count << 10 }
    static func MiB(_ count: Int) -> Int { count << 20 }
}
