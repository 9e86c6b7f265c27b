import ArgumentParser
import Eddy

/// `eddy proxy`: relays connections to another server.
struct ProxyCommand: LoopCommand {
    static let configuration = CommandConfiguration(
        commandName: "proxy",
        abstract: "Relay each connection to another server."
    )

    @Option(
        help: ArgumentHelp(
            "Where to listen: \(ListenTarget.help) (port 0 picks one). Several times for several addresses.",
            valueName: "address"
        ),
        transform: ListenTarget.argument
    )
    var listen: [ListenTarget]

    @Option(
        help: ArgumentHelp(
            "The server to relay to: HOST:PORT or unix:PATH. A name is looked up for each connection.",
            valueName: "address"
        ),
        transform: Endpoint.argument
    )
    var to: Endpoint

    @Option(
        help: ArgumentHelp("How long connecting to the server may take (default: 10s).", valueName: "dur"),
        transform: Duration.argument
    )
    var connectTimeout = Duration.seconds(10)

    @OptionGroup var options: ServerOptions

    var loopCount: Int { options.loops }

    func validate() throws {
        guard let address = to.address, listen.contains(where: { $0.leads(to: address) }) else { return }
        throw ValidationError("the proxy would connect to itself; specify another server with --to")
    }

    func run() async throws {
        let upstream = to
        var connectOptions = ConnectOptions()
        connectOptions.timeout = connectTimeout
        connectOptions.socketOptions = options.keepalive.options
        let relayOptions = connectOptions
        // A connection to the client, and one to the server.
        try await options.serve(on: listen, descriptorsEach: 2) { client in
            try await client.relay(to: upstream, options: relayOptions)
        }
    }
}
