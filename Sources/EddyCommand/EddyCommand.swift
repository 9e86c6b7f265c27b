import ArgumentParser

/// The `eddy` command.
@main
struct EddyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "eddy",
        abstract: "TCP servers on io_uring, and a client to load them.",
        version: "0.1.0",
        subcommands: [EchoCommand.self, ProxyCommand.self, LoadCommand.self, DoctorCommand.self]
    )

    /// Runs the command that the arguments name and ends the process: 0 when it did its work, 1 when it failed, 2
    /// when the arguments were wrong. What went wrong is one line on standard error.
    static func main() async {
        Terminal.prepare()
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            ExitStatus(of: error).end()
        }
    }
}
