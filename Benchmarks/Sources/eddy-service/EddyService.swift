import ArgumentParser
import Eddy
import Glibc

/// Small services on Eddy that the `eddy` command lacks: lines, frames, held buffers, stored values, timeouts.
@main
struct EddyService: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "eddy-service",
        abstract: "Serve one of several small protocols with Eddy."
    )

    @Argument(help: "\(ServiceProtocol.allCases.map(\.rawValue).joined(separator: ", "))")
    var service: ServiceProtocol

    @Option(help: "Event loops, each with its own thread.")
    var loops = 1

    @Option(help: ArgumentHelp("How long a read may wait, in seconds (default: unlimited).", valueName: "seconds"))
    var readTimeout: Double?

    @Option(
        help: ArgumentHelp("How long a peer may take nothing, in seconds (default: unlimited).", valueName: "seconds")
    )
    var writeTimeout: Double?

    @Option(help: ArgumentHelp("How long 'holder' keeps a buffer, in seconds.", valueName: "seconds"))
    var hold = 10.0

    func validate() throws {
        guard (1...64).contains(loops) else { throw ValidationError("--loops must be from 1 to 64") }
        for seconds in [readTimeout, writeTimeout, hold].compactMap(\.self) where !(0.001...3600).contains(seconds) {
            throw ValidationError("timeouts and --hold must be from 0.001 to 3600 seconds")
        }
    }

    func run() async throws {
        var configuration = EventLoop.Configuration()
        configuration.timeouts.read = readTimeout.map { .seconds($0) }
        configuration.timeouts.write = writeTimeout.map { .seconds($0) }
        let server = try TCPServer(on: "127.0.0.1:0", loops: loops, configuration: configuration)
        // Standard output may be a pipe, which is buffered.
        print("listening on \(server.address)")
        fflush(nil)
        await server.run(service.handler(holding: .seconds(hold)))
    }
}
