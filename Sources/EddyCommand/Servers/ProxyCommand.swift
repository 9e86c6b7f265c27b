import ArgumentParser
import Eddy

/// `eddy proxy`: relays connections to another server.
struct ProxyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "proxy",
        abstract: "Relay each connection to another server."
    )

    @Option(
        help: ArgumentHelp("Where to listen (port 0 picks one).", valueName: "host:port"),
        transform: SocketAddress.argument
    )
    var listen: SocketAddress

    @Option(
        help: ArgumentHelp("The server to relay to.", valueName: "host:port"),
        transform: SocketAddress.argument
    )
    var to: SocketAddress

    @OptionGroup var options: ServerOptions

    func validate() throws {
        guard listen != to else {
            throw ValidationError("a proxy to itself would never end; name another server with --to")
        }
    }

    func run() async throws {
        let upstream = to
        try await options.serve(on: listen) { client in
            try await client.eventLoop.connect(to: upstream) { server in
                try await client.relay(to: server)
            }
        }
    }
}
