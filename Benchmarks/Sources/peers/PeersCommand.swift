import ArgumentParser
import HarnessSupport

@main
struct PeersCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "peers",
        abstract: "Measure Eddy and its peers side by side, in one interleaved run.",
        subcommands: [
            EchoCommand.self, ProxyCommand.self, ConnectCommand.self, MemoryCommand.self, AllocationsCommand.self,
            SyscallsCommand.self, IsolationCommand.self, ShutdownCommand.self,
        ]
    )

    static func main() {
        _ = raise_open_file_limit()
        main(nil)
    }
}
