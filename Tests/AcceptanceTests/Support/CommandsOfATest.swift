import Foundation
import Synchronization
import Testing

/// The commands that a test has started.
final class CommandsOfATest: Sendable {
    @TaskLocal static var current: CommandsOfATest?

    private let commands = Mutex<[RunningCommand]>([])

    func add(_ command: RunningCommand) {
        commands.withLock { $0.append(command) }
    }

    func kill() {
        for command in commands.withLock({ $0 }) {
            command.send(SIGKILL)
        }
    }
}

/// Kills the commands that a test has started, once the test has ended: successfully, with a failure, or by its time
/// limit.
struct EndsItsCommands: SuiteTrait, TestTrait, TestScoping {
    let isRecursive = true

    @concurrent func provideScope(
        for test: Test,
        testCase: Test.Case?,
        performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        let commands = CommandsOfATest()
        defer { commands.kill() }
        try await CommandsOfATest.$current.withValue(commands) {
            try await function()
        }
    }
}

extension Trait where Self == EndsItsCommands {
    static var endsItsCommands: Self { EndsItsCommands() }
}
