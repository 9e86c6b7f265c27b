import ArgumentParser
import Eddy

/// What every server of the command can be told.
struct ServerOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("Event loops, a thread each (default: one a processor).", valueName: "n"),
        transform: Int.count(upTo: 1024)
    )
    var loops = EventLoopGroup.processorCount

    @Option(
        help: ArgumentHelp("How long connections may finish after SIGTERM or SIGINT (default: 10s).", valueName: "dur"),
        transform: Duration.argument
    )
    var grace = Duration.seconds(10)

    /// Runs a server until it is told to end, and prints what it did.
    func serve(on address: SocketAddress, _ handler: @escaping TCPServer.Handler) async throws {
        try OpenFileLimit.raise()
        try EngineNotice.print()
        let server: TCPServer
        do {
            server = try TCPServer(on: address, loops: loops)
        } catch {
            throw CommandFailure("\(error)")
        }
        // Signals are caught before the ready line invites them.
        let shutdown = await SignalledShutdown(of: server, grace: grace)
        Terminal.printLine("listening on \(server.address)")
        let statistics = await server.run(handler)
        shutdown.stopListening()
        Terminal.printLine(
            "served \(statistics.connectionsAccepted) connections, \(statistics.bytesReceived) bytes received, "
                + "\(statistics.bytesSent) bytes sent"
        )
        let pool = statistics.pool
        Terminal.printLine(
            "pool: \(pool.slicesOut) slices out, \(pool.slabs) slabs of \(pool.mappedBytes) bytes in all, "
                + "\(statistics.registeredBytes) bytes registered as fixed buffers"
        )
        guard pool.slicesOut == 0 else {
            throw CommandFailure("\(pool.slicesOut) slices did not come back to the pool; please report this")
        }
    }
}
