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

    @Option(
        help: ArgumentHelp(
            "Which loop accepts: every one on a socket of its own (per-loop), or one that hands over to each in turn "
                + "(round-robin) or to the one with the fewest connections (least-loaded).",
            valueName: "mode"
        )
    )
    var accept = AcceptMode.perLoop

    @Option(
        help: ArgumentHelp(
            "Connections that the kernel keeps until they are accepted (default: 4096).",
            valueName: "n"
        ),
        transform: Int.count(upTo: 1_000_000)
    )
    var backlog = 4096

    @Option(
        help: ArgumentHelp("Connections at a time (default: as many as each loop can have).", valueName: "n"),
        transform: Int.count(upTo: 1_000_000)
    )
    var maxConnections: Int?

    @Option(
        help: ArgumentHelp(
            "Connections beyond the limit wait in the backlog (pause) or are closed (refuse).",
            valueName: "what"
        )
    )
    var atLimit = LimitPolicy.pause

    @Option(
        help: ArgumentHelp(
            "Permissions of the file of a Unix domain socket, in octal, such as 0660 (default: as the umask has them).",
            valueName: "mode"
        ),
        transform: UInt32.mode
    )
    var socketMode: UInt32?

    private var options: TCPServer.Options {
        var options = TCPServer.Options()
        options.accepting = accept.accepting
        options.backlog = backlog
        options.maximumConnections = maxConnections
        options.atLimit = atLimit.policy
        options.socketMode = socketMode
        return options
    }

    /// Runs a server until it is told to end, and prints what it did.
    func serve(on target: ListenTarget, _ handler: @escaping TCPServer.Handler) async throws {
        guard socketMode == nil || target.hasFile else {
            throw ValidationError("--socket-mode is for a socket with a file; listen on unix:PATH")
        }
        try OpenFileLimit.raise()
        let server: TCPServer
        do {
            server = try target.makeServer(loops: loops, options: options)
        } catch {
            throw CommandFailure("\(error)")
        }
        EngineNotice.print(server.group.engine)
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
