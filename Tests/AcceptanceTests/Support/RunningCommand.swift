import Foundation
import Synchronization

/// A command that runs while a test observes it.
///
/// It is killed when its test ends for any reason, so that no test leaves a process behind.
final class RunningCommand: Sendable {
    let id: pid_t
    let output: LineReader
    let errors: LineReader

    private let input: Mutex<FileDescriptor?>
    private let end = Watched<Ending?>(nil)

    /// Held while a signal is sent and while the process is reaped, so that no signal goes to another process that got
    /// the same process id.
    private let hasEnded = Mutex(false)

    init(_ command: [String]) throws {
        let child = try ChildProcess(command)
        id = child.id
        input = Mutex(child.input)
        output = LineReader(child.output)
        errors = LineReader(child.errors)

        Thread.detachNewThread { [self] in
            child.waitUntilEnded()
            let ending = hasEnded.withLock { hasEnded in
                hasEnded = true
                return child.reap()
            }
            end.update { $0 = ending }
        }
        CommandsOfATest.current?.add(self)
    }

    func send(_ signal: Int32) {
        hasEnded.withLock { hasEnded in
            if !hasEnded {
                kill(id, signal)
            }
        }
    }

    /// Writes a line to the command's standard input.
    func write(_ line: String) {
        input.withLock { $0?.write(line + "\n") }
    }

    func closeInput() {
        input.withLock { $0 = nil }
    }

    /// Waits until the command has ended.
    func ending() async throws -> Ending {
        try await end.first { $0 }
    }

    /// Runs a command to its end, with empty standard input.
    static func run(_ command: [String]) async throws -> FinishedCommand {
        let running = try RunningCommand(command)
        running.closeInput()
        return try await FinishedCommand(
            ending: running.ending(),
            output: running.output.all(),
            // A busy machine may delay the loops; that is not the command's fault.
            errors: running.errors.all().filter { !$0.hasPrefix("eddy: event loop ") }
        )
    }
}

/// The result of a command that has ended.
struct FinishedCommand {
    let ending: Ending
    let output: [String]
    let errors: [String]
}
