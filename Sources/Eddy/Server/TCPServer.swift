internal import EddyBuffers
public import EddySystem
internal import Synchronization

/// A server of stream sockets, TCP or Unix: one listener per loop of a group, and a task for each open connection.
///
/// ```swift
/// let server = try TCPServer(on: "127.0.0.1:7000")
/// await server.run { connection in
///     while let bytes = try await connection.read() {
///         try await connection.write(bytes)
///     }
/// }
/// ```
///
/// Peers can connect as soon as the server is created; they are served once it runs.
public final class TCPServer: Sendable {
    /// Serves one connection. The handler owns the connection, runs on the connection's loop, and closes the connection
    /// by returning.
    ///
    /// It is `@concurrent`, so it is isolated to no actor; its task prefers the loop and runs there. The connection
    /// belongs to that task: a handler that captures it in another task, or passes it to an actor, does not compile.
    public typealias Handler = @concurrent @Sendable (consuming Connection) async throws -> Void

    /// The address that the server listens on, with the actual port.
    public let address: SocketAddress
    /// The loops that serve the connections.
    public let group: EventLoopGroup

    private let ownsGroup: Bool
    private let sockets: ListeningSockets
    private let options: Options
    private let limiter: ConnectionLimiter
    private let state = Mutex(State())

    private struct State {
        /// Whether `run` was called: from then on the listeners own the sockets.
        var hasRun = false
        /// The listeners that have started. Each loop starts its own.
        var listeners: [Listener] = []
        /// The grace of the last shutdown. A listener that starts later shuts down at once.
        var grace: Duration?
    }

    /// Creates a server with event loops of its own, which end with it.
    ///
    /// A name in the address is resolved here, which blocks. The file of a Unix domain socket replaces one that a dead
    /// server has left, and is removed when the server shuts down.
    ///
    /// - Parameters:
    ///   - target: an address, such as `"127.0.0.1:7000"` or `"unix:/run/service.sock"`, or an inherited socket.
    ///   - loops: the number of loops; one per processor by default.
    ///   - configuration: the configuration of each loop.
    ///   - options: how it listens and accepts.
    /// - Throws: ``ServerError``.
    /// - Precondition: `loops` is at least 1.
    public convenience init(
        on target: ListenTarget,
        loops: Int = EventLoopGroup.processorCount,
        configuration: EventLoop.Configuration = .init(),
        options: Options = .init()
    ) throws(ServerError) {
        let sockets = try ListeningSockets(on: target, loops: loops, options: options)
        do {
            let group = try EventLoopGroup(count: loops, configuration: configuration)
            self.init(sockets: sockets, group: group, ownsGroup: true, options: options)
        } catch {
            sockets.close()
            throw .ring(error)
        }
    }

    /// Creates a server on the loops of `group`, which continue after the server has ended. Otherwise like
    /// ``init(on:loops:configuration:options:)``.
    ///
    /// - Throws: ``ServerError``.
    public convenience init(
        on target: ListenTarget,
        group: EventLoopGroup,
        options: Options = .init()
    ) throws(ServerError) {
        let sockets = try ListeningSockets(on: target, loops: group.loops.count, options: options)
        self.init(sockets: sockets, group: group, ownsGroup: false, options: options)
    }

    /// Serves a listening socket of a simulated network, which belongs to the group's loop.
    ///
    /// - Precondition: the group has one loop.
    package convenience init(
        descriptor: Int32,
        address: SocketAddress,
        group: EventLoopGroup,
        options: Options = .init()
    ) {
        require(group.loops.count == 1, "a simulated network belongs to one event loop")
        let sockets = ListeningSockets(descriptor: descriptor, address: address)
        self.init(sockets: sockets, group: group, ownsGroup: false, options: options)
    }

    private init(sockets: ListeningSockets, group: EventLoopGroup, ownsGroup: Bool, options: Options) {
        options.requireValid()
        self.sockets = sockets
        self.group = group
        self.ownsGroup = ownsGroup
        self.options = options
        limiter = ConnectionLimiter(options)
        address = sockets.address
    }

    /// A server that was never run still owns its sockets and loops.
    deinit {
        guard !state.withLock(\.hasRun) else { return }
        sockets.close()
        if ownsGroup { group.shutDown() }
    }

    // MARK: Serving

    /// Accepts connections and runs `handler` for each, in a task on the connection's loop, until
    /// ``shutDown(grace:)`` is called or the calling task is cancelled. Returns when the last connection has finished.
    ///
    /// An error that `handler` throws resets its own connection only, and is passed to ``Options/onIncident``.
    ///
    /// - Parameters:
    ///   - handler: serves one connection.
    ///   - fileID: with `line`, the source location of the handler, for ``EventLoop/Stall/handler``.
    ///   - line: see `fileID`.
    /// - Returns: the loops' statistics when every connection is closed, including those that handlers opened. (On the
    ///   loops of a shared group, other connections may still be open.)
    /// - Precondition: called once.
    @discardableResult
    public func run(
        fileID: StaticString = #fileID,
        line: UInt = #line,
        _ handler: @escaping Handler
    ) async -> EventLoop.Statistics {
        let location = "\(fileID):\(line)"
        let hasRun = state.withLock { state in
            defer { state.hasRun = true }
            return state.hasRun
        }
        require(!hasRun, "a server is run once; make another one")
        await withTaskCancellationHandler {
            await withTaskGroup(of: Void.self) { tasks in
                for (number, loop) in group.loops.enumerated() {
                    let descriptor = sockets.descriptors.count > number ? sockets.descriptors[number] : nil
                    tasks.addTask(executorPreference: loop) {
                        await self.serve(on: loop, descriptor: descriptor, handler, at: location)
                    }
                }
            }
        } onCancel: {
            shutDown(grace: .zero)
        }
        if ownsGroup {
            for loop in group.loops { await loop.closeConnections() }
        }
        let statistics = await group.statistics()
        if ownsGroup { await group.shutDown() }
        return statistics
    }

    /// Runs one loop's part, on its thread.
    private func serve(
        on loop: EventLoop,
        descriptor: Int32?,
        _ handler: @escaping Handler,
        at location: String
    ) async {
        let listener = Listener(
            loop: loop,
            descriptor: descriptor,
            address: address,
            limiter: limiter,
            onIncident: options.onIncident,
            handlerStart: options.handlerStart,
            handlerLocation: location
        )
        let onIncident = options.onIncident
        start(listener)
        // One closure for all tasks: a closure for each would cost 64 bytes while the task lives.
        let serveConnections: @isolated(any) @Sendable () async -> Void = { @concurrent in
            var connection = listener.firstConnection()
            while let id = connection {
                await Self.serve(id, on: loop, handler, onIncident)
                listener.handlerEnded()
                // A handler may have cancelled its own task, which must not concern other connections.
                connection = Task.isCancelled ? nil : await listener.nextConnection()
            }
        }
        await withDiscardingTaskGroup { tasks in
            while await listener.needsTask() {
                tasks.addTask(executorPreference: loop, operation: serveConnections)
            }
            sockets.removeFile()
            // Handlers that ignore the reset of their connections are cancelled.
            if !(await listener.drained()) { tasks.cancelAll() }
        }
        await listener.closed()
    }

    /// Serves one connection. It needs no cancellation handler of its own: the task is cancelled when the connection has
    /// been reset, or is about to be.
    private static func serve(
        _ id: ConnectionID,
        on loop: EventLoop,
        _ handler: Handler,
        _ onIncident: (@Sendable (Incident) -> Void)?
    ) async {
        loop.heartbeat?.uses(loop.driver.connections[id].descriptor, listener: loop.driver.connections[id].listener)
        do {
            try await handler(Connection(loop: loop, id: id))
        } catch {
            loop.driver.counters.handlerFailures += 1
            if let onIncident { onIncident(.handlerFailed(error, peer: loop.driver.peer(of: id))) }
            loop.driver.markFailed(id)
        }
    }

    private func start(_ listener: Listener) {
        let (grace, listeners) = state.withLock { state in
            state.listeners.append(listener)
            return (state.grace, state.listeners)
        }
        if let grace { return listener.shutDown(grace: grace) }
        // The group's owner has ended it before the server.
        if listener.loop.stopping.value { return listener.shutDown(grace: .zero) }
        if sockets.descriptors.count == group.loops.count { return listener.accept() }
        // With one socket for all loops, it accepts as soon as each loop has a listener.
        guard listeners.count == group.loops.count, let acceptor = listeners.first(where: \.hasSocket) else { return }
        let distributor = ConnectionDistributor(to: listeners, balancing: balancing)
        _ = acceptor.loop.inbox.post(.work { acceptor.accept(distributor: distributor) })
    }

    private var balancing: Options.Balancing {
        if case .distributing(let balancing) = options.accepting { balancing } else { .roundRobin }
    }

    // MARK: Shutting down

    /// Stops accepting at once. Connections may finish within `grace`; then they are reset and their tasks cancelled.
    /// Callable on any thread. A second call may shorten the grace, for example to zero.
    ///
    /// A handler that waits for its peer's next message gets nil, as at the end of the stream;
    /// ``ConnectionReading/isServerShuttingDown`` distinguishes the two. A handler that has received something and written
    /// nothing since continues, and gets nil when it waits again. Everything written is delivered.
    ///
    /// If a handler replies while it is still receiving a message, as an echo of a long stream does, it counts as
    /// waiting for the next message whenever everything received so far is answered; its peer then sees the end of the
    /// stream. Connections that one task reads and another writes continue, and so do relays; relays that have been
    /// idle for 250 ms at the end of the grace are closed gracefully.
    public func shutDown(grace: Duration) {
        state.withLock { state in
            state.grace = grace
            for listener in state.listeners {
                _ = listener.loop.inbox.post(.work { listener.shutDown(grace: grace) })
            }
        }
    }
}
