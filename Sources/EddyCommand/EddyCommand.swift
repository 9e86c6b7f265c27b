import ArgumentParser
import Eddy

struct EddyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "eddy",
        abstract: "TCP servers on io_uring, and a client to load them.",
        version: "0.1.0",
        subcommands: [EchoCommand.self, ProxyCommand.self, LoadCommand.self, DoctorCommand.self]
    )

    /// Runs the command that the arguments name and ends the process: with 0 if it succeeded, 1 if it failed, 2 if the
    /// arguments were wrong. An error is reported in one line on standard error.
    static func start() -> Never {
        Terminal.prepare()
        AddressSpace.prepareAllocator()
        do {
            var command = try parseAsRoot(ProcessArguments.all())
            guard let command = command as? any LoopCommand else {
                // For example, help.
                try command.run()
                ExitStatus.code(0).end()
            }
            try ThreadReserve.require(loops: command.loopCount)
            Task(executorPreference: MainThreadExecutor.shared) { await run(command) }
            MainThreadExecutor.shared.run()
        } catch {
            ExitStatus(of: error).end()
        }
    }

    private static func run(_ command: any LoopCommand) async -> Never {
        var command = command
        do {
            try await command.run()
            ExitStatus.code(0).end()
        } catch {
            ExitStatus(of: error).end()
        }
    }
}

/// The entry point of the process. Not asynchronous: the runtime would start threads before the command can check that
/// the process may have them.
@main
enum EntryPoint {
    static func main() { EddyCommand.start() }
}
