import ArgumentParser
import Eddy

/// `eddy proxy`: relays connections to another server.
struct ProxyCommand: LoopCommand {
    static let configuration = CommandConfiguration(
        commandName: "proxy",
        abstract: "Relay each connection to another server."
    )

    @Option(
        help: ArgumentHelp("Where to listen: \(ListenTarget.help) (port 0 picks one).", valueName: "address"),
        transform: ListenTarget.argument
    )
    var listen: ListenTarget

    @Option(
        help: ArgumentHelp(
            "The server to relay to: HOST:PORT or unix:PATH. A name is looked up for each connection.",
            valueName: "address"
        ),
        transform: Endpoint.argument
    )
    var to: Endpoint

    @OptionGroup var options: ServerOptions

    var loopCount: Int { options.loops }

    func validate() throws {
        guard to.address.map(ListenTarget.address) != listen else {
            throw ValidationError("a proxy to itself would never end; name another server with --to")
        }
    }

    func run() async throws {
        let upstream = to
        try await options.serve(on: listen) { client in
            try await client.relay(to: upstream)
        }
    }
}
