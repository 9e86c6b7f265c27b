public import EddyRing
internal import Synchronization

/// A TCP server: a listener on every loop of a group, and a task for every connection.
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
/// Peers can connect as soon as the server is made; they are served once it runs.
public final class TCPServer: Sendable {
    /// Serves one connection. It owns the connection, runs on the connection's loop, and closes it by returning.
    ///
    /// It is `@concurrent`, that is, bound to no actor: its task prefers the loop, so the loop is where it runs.
    public typealias Handler = @concurrent @Sendable (consuming sending Connection) async throws -> Void

    /// Where the server listens, with the real port.
    public let address: SocketAddress
    /// The loops that serve.
    public let group: EventLoopGroup

    private let ownsGroup: Bool
    private let sockets: ListeningSockets
    private let state = Mutex(State())

    private struct State {
        /// Whether `run` was called: the listeners own the sockets from then on.
        var hasRun = false
        /// The listeners that have started; each loop starts its own.
        var listeners: [Listener] = []
        /// The grace of the last shutdown. A listener that starts after it ends at once.
        var grace: Duration?
    }

    /// Listens on `address` (`HOST:PORT`; port 0: the system picks one) with loops of its own.
    ///
    /// A name in the address is looked up here, which blocks.
    ///
    /// - Parameter loops: the number of loops; one a processor by default.
    /// - Throws: ``ServerError``.
    public convenience init(
        on address: String,
        loops: Int = EventLoopGroup.processorCount,
        configuration: EventLoop.Configuration = .init()
    ) throws(ServerError) {
        let parsed: SocketAddress
        do { parsed = try SocketAddress(address) } catch { throw .address(error) }
        try self.init(on: parsed, loops: loops, configuration: configuration)
    }

    /// Listens on `address` with loops of its own.
    ///
    /// - Parameter loops: the number of loops; one a processor by default.
    /// - Throws: ``ServerError``.
    public convenience init(
        on address: SocketAddress,
        loops: Int = EventLoopGroup.processorCount,
        configuration: EventLoop.Configuration = .init()
    ) throws(ServerError) {
        let sockets = try ListeningSockets(on: address, count: loops, backlog: Self.backlog)
        do {
            let group = try EventLoopGroup(count: loops, configuration: configuration)
            self.init(sockets: sockets, group: group, ownsGroup: true)
        } catch {
            for descriptor in sockets.descriptors { Socket.close(descriptor) }
            throw .ring(error)
        }
    }

    /// Listens on `address` with the loops of `group`, which goes on after the server has ended.
    ///
    /// - Throws: ``ServerError``.
    public convenience init(on address: SocketAddress, group: EventLoopGroup) throws(ServerError) {
        let sockets = try ListeningSockets(on: address, count: group.loops.count, backlog: Self.backlog)
        self.init(sockets: sockets, group: group, ownsGroup: false)
    }

    private init(sockets: ListeningSockets, group: EventLoopGroup, ownsGroup: Bool) {
        self.sockets = sockets
        self.group = group
        self.ownsGroup = ownsGroup
        address = sockets.address
    }

    /// Connections that the kernel keeps until they are accepted. It cuts the number to net.core.somaxconn.
    private static let backlog: Int32 = 4096

    /// A server that nobody has run still owns its sockets and loops.
    deinit {
        guard !state.withLock(\.hasRun) else { return }
        for descriptor in sockets.descriptors { Socket.close(descriptor) }
        if ownsGroup { group.shutDown() }
    }

    // MARK: Serving

    /// Accepts connections and runs `handler` for each, in a task of its own on the connection's loop, until
    /// ``shutDown(grace:)`` is called or the calling task is cancelled. Returns when the last one has finished.
    ///
    /// What `handler` throws resets its own connection and nothing else; log it in the handler.
    ///
    /// - Returns: what the loops have done, taken when every connection is closed, those that handlers have made
    ///   included. (On loops of somebody else's group, others may go on.)
    /// - Precondition: called once.
    @discardableResult
    public func run(_ handler: @escaping Handler) async -> EventLoop.Statistics {
        let hasRun = state.withLock { state in
            defer { state.hasRun = true }
            return state.hasRun
        }
        precondition(!hasRun, "a server is run once; make another one")
        await withTaskCancellationHandler {
            await withTaskGroup(of: Void.self) { tasks in
                for (loop, descriptor) in zip(group.loops, sockets.descriptors) {
                    tasks.addTask(executorPreference: loop) {
                        await self.serve(on: loop, descriptor: descriptor, handler)
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
        if ownsGroup { group.shutDown() }
        return statistics
    }

    /// One loop's part; runs on its thread.
    private func serve(on loop: EventLoop, descriptor: Int32, _ handler: @escaping Handler) async {
        let listener = Listener(loop: loop, descriptor: descriptor)
        start(listener)
        // One closure for all: one for each would cost 64 bytes for as long as its connection is open.
        let serveConnection: @isolated(any) @Sendable () async -> Void = { @concurrent in
            guard let slot = listener.takeConnection() else { return }
            await Self.serve(slot, on: loop, handler)
        }
        await withDiscardingTaskGroup { tasks in
            while await listener.nextConnection() {
                tasks.addTask(executorPreference: loop, operation: serveConnection)
            }
            // Whoever does not listen to the reset of the connection is cancelled.
            if !(await listener.drained()) { tasks.cancelAll() }
        }
        await listener.closed()
    }

    /// One connection's task. It is cancelled only after its connection was reset, so it needs no handler of its own
    /// to notice.
    private static func serve(_ slot: UInt32, on loop: EventLoop, _ handler: Handler) async {
        let generation = loop.connections[slot].generation
        do {
            try await handler(Connection(loop: loop, slot: slot))
        } catch {
            loop.counters.handlerFailures += 1
            loop.abandon(slot, generation: generation)
        }
    }

    private func start(_ listener: Listener) {
        let grace = state.withLock { state in
            state.listeners.append(listener)
            return state.grace
        }
        if let grace { listener.shutDown(grace: grace) } else { listener.arm() }
    }

    // MARK: Shutting down

    /// Stops accepting at once. Connections may finish within `grace`; then they are reset and their tasks
    /// cancelled. Any thread. A second call may shorten the grace, for example to zero.
    public func shutDown(grace: Duration) {
        let listeners = state.withLock { state in
            state.grace = grace
            return state.listeners
        }
        for listener in listeners {
            _ = listener.loop.mailbox.post(.work { listener.shutDown(grace: grace) })
        }
    }
}
