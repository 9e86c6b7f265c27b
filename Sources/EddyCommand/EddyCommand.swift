import ArgumentParser
import Eddy

/// The `eddy` command.
struct EddyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "eddy",
        abstract: "TCP servers on io_uring, and a client to load them.",
        version: "0.1.0",
        subcommands: [EchoCommand.self, ProxyCommand.self, LoadCommand.self, DoctorCommand.self]
    )

    /// Runs the command that the arguments name and ends the process: 0 when it did its work, 1 when it failed, 2
    /// when the arguments were wrong. What went wrong is one line on standard error.
    static func start() -> Never {
        Terminal.prepare()
        AddressSpace.prepareAllocator()
        do {
            var command = try parseAsRoot(ProcessArguments.all())
            guard let command = command as? any LoopCommand else {
                // Such as the help.
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

/// Where the process starts. Not asynchronous: the runtime would start threads before the command can check that there
/// may be any.
@main
enum EntryPoint {
    static func main() { EddyCommand.start() }
}
