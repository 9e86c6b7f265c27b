import ArgumentParser
import Eddy

/// `eddy echo`: sends back what it receives.
struct EchoCommand: LoopCommand {
    static let configuration = CommandConfiguration(
        commandName: "echo",
        abstract: "Send back what is received (RFC 862)."
    )

    @Option(
        help: ArgumentHelp(
            "Where to listen: \(ListenTarget.help) (default: 127.0.0.1:7000; port 0 picks one). Several times for several addresses.",
            valueName: "address"
        ),
        transform: ListenTarget.argument
    )
    var listen = [ListenTarget.address(.loopback(port: 7000))]

    @OptionGroup var options: ServerOptions

    var loopCount: Int { options.loops }

    func run() async throws {
        try await options.serve(on: listen, handlerStart: .onFirstByte(within: nil)) { connection in
            while let bytes = try await connection.read() {
                try await connection.write(bytes)
            }
        }
    }
}
