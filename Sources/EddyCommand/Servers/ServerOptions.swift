import ArgumentParser
import Eddy

/// What every server of the command can be told.
struct ServerOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Event loops, a thread each (default: one a processor, and no more than a container's quota).",
            valueName: "n"
        ),
        transform: Int.count(upTo: 1024)
    )
    var loops = EventLoopGroup.processorCount

    @Option(
        help: ArgumentHelp("How long connections may finish after SIGTERM or SIGINT (default: 8s).", valueName: "dur"),
        transform: Duration.argument
    )
    // Less than the ten seconds after which docker(1) kills.
    var grace = Duration.seconds(8)

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
        help: ArgumentHelp(
            "Connections at a time, at each address (default: as many as 'ulimit -n' allows).",
            valueName: "n"
        ),
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

    @Option(
        help: ArgumentHelp(
            "Close connections on which no byte has moved for so long (default: never).",
            valueName: "dur"
        ),
        transform: Duration.argument
    )
    var idleTimeout: Duration?

    @Option(
        help: ArgumentHelp(
            "After how much silence a TCP peer is asked whether it is still there, or off (default: 60s).",
            valueName: "dur"
        ),
        transform: KeepAlive.argument
    )
    var keepalive = KeepAlive.after(.seconds(60))

    @Option(
        help: ArgumentHelp(
            "Memory for what connections receive and queue, of all loops together, such as 256m (default: 128m for each "
                + "loop, less in a container).",
            valueName: "bytes"
        ),
        transform: Int.byteCount(upTo: 1 << 40)
    )
    var memory: Int?

    func options(descriptorsEach: Int) -> TCPServer.Options {
        let log = IncidentLog()
        var options = TCPServer.Options()
        options.accepting = accept.accepting
        options.backlog = backlog
        options.maximumConnections =
            maxConnections ?? OpenFileLimit.connections(loops: loops, each: descriptorsEach)
        options.atLimit = atLimit.policy
        options.socketMode = socketMode
        options.socketOptions = keepalive.options
        options.onIncident = { log.note($0) }
        return options
    }

    func configuration() throws -> EventLoop.Configuration {
        var configuration = EventLoop.Configuration()
        configuration.timeouts.idle = idleTimeout
        if let memory {
            let least = 4 << 20
            guard memory / loops >= least else {
                throw ValidationError(
                    "--memory is too little for \(loops) loops; write at least \(loops * 4)m, or fewer --loops"
                )
            }
            configuration.pool = BufferPool.Configuration(maximumBytes: memory / loops)
        }
        return configuration
    }

    /// Runs a server at each address until it is told to end, and prints what they did.
    ///
    /// - Parameter descriptorsEach: how many descriptors a connection takes.
    func serve(
        on targets: [ListenTarget],
        descriptorsEach: Int = 1,
        _ handler: @escaping TCPServer.Handler
    ) async throws {
        guard socketMode == nil || targets.contains(where: \.hasFile) else {
            throw ValidationError("--socket-mode is for a socket with a file; listen on unix:PATH")
        }
        let configuration = try configuration()
        try OpenFileLimit.raise()
        let (group, servers): (EventLoopGroup, [TCPServer])
        do {
            group = try EventLoopGroup(count: loops, configuration: configuration)
            let options = options(descriptorsEach: descriptorsEach)
            servers = try targets.flatMap { try $0.makeServers(group: group, options: options) }
        } catch {
            throw CommandFailure("\(error)")
        }
        EngineNotice.print(group.engine)
        // Signals are caught before the ready line invites them.
        let signals = await ServerSignals(of: servers, grace: grace) {
            Self.printFigures(await group.statistics())
        }
        for server in servers { Terminal.printLine("listening on \(server.address)") }
        await withTaskGroup(of: Void.self) { tasks in
            for server in servers { tasks.addTask { await server.run(handler) } }
        }
        signals.stopListening()
        for loop in group.loops { await loop.closeConnections() }
        let statistics = await group.statistics()
        await group.finish()
        Self.printFigures(statistics)
        guard statistics.pool.slicesOut == 0 else {
            throw CommandFailure(
                "\(statistics.pool.slicesOut) slices did not come back to the pool; please report this"
            )
        }
    }

    private static func printFigures(_ statistics: EventLoop.Statistics) {
        Terminal.printLine(
            "served \(statistics.connectionsAccepted) connections, \(statistics.bytesReceived) bytes received, "
                + "\(statistics.bytesSent) bytes sent"
        )
        Terminal.printLine(
            "now \(statistics.connections) connections; \(statistics.connectionsRefused) refused, "
                + "\(statistics.acceptPauses) pauses in accepting, \(statistics.connectFailures) connects failed, "
                + "\(statistics.idleTimeouts + statistics.writeTimeouts) timed out, "
                + "\(statistics.connectionsEvicted) reset for memory"
        )
        let pool = statistics.pool
        Terminal.printLine(
            "pool: \(pool.slicesOut) slices out, \(pool.slabs) slabs of \(pool.mappedBytes) bytes in all, "
                + "\(statistics.registeredBytes) bytes registered as fixed buffers"
        )
    }
}
