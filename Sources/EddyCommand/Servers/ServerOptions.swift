import ArgumentParser
import Eddy

/// The options of every server of the command.
struct ServerOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Event loops, each with its own thread (default: one per processor, within a container's quota).",
            valueName: "n"
        ),
        transform: Int.count(upTo: 1024)
    )
    var loops = EventLoopGroup.processorCount

    @Option(
        help: ArgumentHelp("How long connections may finish after SIGTERM or SIGINT (default: 8s).", valueName: "dur"),
        transform: Duration.argument
    )
    // Less than the ten seconds after which docker(1) kills a container.
    var grace = Duration.seconds(8)

    @Option(
        help: ArgumentHelp(
            "Which loop accepts: each on its own socket (per-loop), or one that distributes connections in turn "
                + "(round-robin) or to the loop with the fewest connections (least-loaded).",
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
            "Concurrent connections at each address (default: as many as 'ulimit -n' allows).",
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
            "Permissions of a Unix domain socket's file, in octal, such as 0660 (default: those of the umask).",
            valueName: "mode"
        ),
        transform: UInt32.mode
    )
    var socketMode: UInt32?

    @Option(
        help: ArgumentHelp(
            "Close connections on which no byte has moved for this long (default: never).",
            valueName: "dur"
        ),
        transform: Duration.argument
    )
    var idleTimeout: Duration?

    @Option(
        help: ArgumentHelp(
            "How long a TCP peer may be silent before it is probed (keepalive), or off (default: 60s).",
            valueName: "dur"
        ),
        transform: KeepAlive.argument
    )
    var keepalive = KeepAlive.after(.seconds(60))

    @Option(
        help: ArgumentHelp(
            "Memory for what connections of all loops receive and queue, such as 256m (default: 128m for each "
                + "loop, less in a container).",
            valueName: "bytes"
        ),
        transform: Int.byteCount(upTo: 1 << 40)
    )
    var memory: Int?

    func options(descriptorsEach: Int, handlerStart: TCPServer.Options.HandlerStart = .onAccept) -> TCPServer.Options {
        let log = IncidentLog()
        var options = TCPServer.Options()
        options.accepting = accept.accepting
        options.backlog = backlog
        options.maximumConnections =
            maxConnections ?? OpenFileLimit.connections(loops: loops, each: descriptorsEach)
        options.atLimit = atLimit.policy
        options.handlerStart = handlerStart
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

    /// Runs a server at each address until a signal ends it, and prints their figures.
    ///
    /// - Parameters:
    ///   - descriptorsEach: the number of descriptors that a connection takes.
    ///   - handlerStart: see ``TCPServer/Options/handlerStart``.
    func serve(
        on targets: [ListenTarget],
        descriptorsEach: Int = 1,
        handlerStart: TCPServer.Options.HandlerStart = .onAccept,
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
            let options = options(descriptorsEach: descriptorsEach, handlerStart: handlerStart)
            servers = try targets.flatMap { try $0.makeServers(group: group, options: options) }
        } catch {
            throw CommandFailure("\(error)")
        }
        EngineNotice.print(group.engine)
        // Signals must be caught before the ready line is printed, since a program may send one as soon as it reads
        // that line.
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
        await group.shutDown()
        Self.printFigures(statistics)
        guard statistics.pool.slicesOut == 0 else {
            throw CommandFailure(
                "\(statistics.pool.slicesOut) slices were not returned to the pool; please report this"
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
