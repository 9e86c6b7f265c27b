import Eddy
import EddySimulation

/// What is done in a simulation. It runs in a task on the loop, and returns when all of it is over.
protocol Workload: Sendable {
    func run() async
}

extension Simulation {
    /// Serves the simulation's address until every peer has finished, or, in some, until chance ends it before.
    func serve(_ handler: @escaping TCPServer.Handler, while clients: @escaping @Sendable () async -> Void) async {
        let server = listen()
        let start = network.now
        await withTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                await server.run { try await self.run(handler, with: $0) }
                self.serverReturned()
            }
            if self.scenario.shutsDownInTheMiddle { self.shutDownLater(server) }
            if let patience = self.patience { self.shutDownSilent(server, after: patience) }
            await clients()
            self.network.note("the clients have been started")
            await self.peersFinished()
            self.network.note("the peers have finished")
            await self.waitForUnplugged(since: start)
            self.isShuttingDown = true
            let grace = UInt64(self.network.random.magnitude(0...2000)) * 1_000_000
            self.graceEnd = min(self.graceEnd, self.network.now + grace)
            server.shutDown(grace: .nanoseconds(Int64(grace)))
        }
    }

    @concurrent private func run(_ handler: TCPServer.Handler, with connection: consuming Connection) async throws {
        let watch = timing.acceptedConnection(connection.remoteAddress?.port)
        handlers += 1
        defer { handlers -= 1 }
        timing.handlerBegan(watch)
        do {
            try await handler(connection)
            handlerEnded(watch, hasThrown: false)
        } catch {
            handlerEnded(watch, hasThrown: true)
            throw error
        }
    }

    /// The handler of a connection has let go of it.
    func handlerEnded(_ watch: ConnectionWatch?, hasThrown: Bool) {
        accepting.handlerEnded(watch)
        timing.handlerEnded(watch, hasThrown: hasThrown)
    }

    private func listen() -> TCPServer {
        do {
            let descriptor = try network.openStream()
            network.bind(descriptor, to: address)
            network.listen(descriptor, backlog: scenario.options.backlog)
            return TCPServer(descriptor: descriptor, address: address, group: group, options: scenario.options)
        } catch {
            network.fail("no descriptor for the listener")
        }
    }

    private func shutDownLater(_ server: TCPServer) {
        let grace = Duration.nanoseconds(Int64(pause(upTo: 1_000_000_000)))
        network.schedule(in: pause(upTo: 2_000_000_000)) { [self] in
            isShuttingDown = true
            graceEnd = network.now.advanced(by: grace)
            network.note("the server is shut down")
            server.shutDown(grace: grace)
        }
    }

    /// Ends what waits for a peer that is unplugged, and would for ever.
    private func shutDownSilent(_ server: TCPServer, after patience: UInt64) {
        let grace = unplugging.magnitude(0...1_000_000_000)
        network.schedule(in: patience) { [self] in
            guard !isShuttingDown else { return }
            isShuttingDown = true
            graceEnd = network.now + UInt64(grace)
            network.note("the server is shut down, and has waited long enough")
            server.shutDown(grace: .nanoseconds(grace))
        }
    }

    /// Gives connections that are unplugged the time to be found.
    private func waitForUnplugged(since start: UInt64) async {
        guard let patience else { return }
        while !isShuttingDown, handlers > 0, network.now - start < patience {
            try? await timing.sleep(for: .seconds(1))
        }
    }

    /// Starts up to so many peers that get back what they send, and pauses after some of them.
    func startEchoing(
        peers count: UInt64,
        upTo byteCount: Int,
        pausingOnceIn times: Int,
        for longest: Int
    ) async {
        for _ in 0...(network.random.next() % count) {
            _ = StreamPeer(echoing: self, upTo: byteCount)
            if network.random.once(in: times) {
                try? await timing.sleep(for: .nanoseconds(Int64(pause(upTo: longest))))
            }
        }
    }

    /// Bytes that a peer sends at most where it has its time: more where they are to fill the pool.
    var longStream: Int { scenario.isMemoryLimited ? 600_000 : 150_000 }

    /// Runs a handler's body, and takes note of what it throws.
    func handling(_ connection: borrowing Connection, _ body: () async throws -> Void) async throws {
        let port = connection.remoteAddress?.port
        do {
            try await body()
        } catch {
            thrown(error, by: port)
            throw error
        }
    }

    /// Reads what comes, in time.
    func read(
        from connection: borrowing Connection,
        _ watch: ConnectionWatch?
    ) async throws(ConnectionError) -> sending Buffer? {
        timing.readBegan(watch)
        do {
            let bytes = try await connection.read()
            timing.readEnded(watch)
            return bytes
        } catch {
            timing.readEnded(watch, error)
            throw error
        }
    }

    /// Reads exactly so many bytes, in time.
    func read(
        exactly byteCount: Int,
        from connection: borrowing Connection,
        _ watch: ConnectionWatch?
    ) async throws(ConnectionError) -> sending Buffer? {
        timing.readBegan(watch)
        do {
            let bytes = try await connection.read(exactly: byteCount)
            timing.readEnded(watch)
            return bytes
        } catch {
            timing.readEnded(watch, error)
            throw error
        }
    }

    /// Reads a message with its length before it, in time.
    func readFrame(
        from connection: borrowing Connection,
        limit: Int,
        _ watch: ConnectionWatch?
    ) async throws(ConnectionError) -> sending Buffer? {
        timing.readBegan(watch)
        do {
            let message = try await connection.readFrame(limit: limit)
            timing.readEnded(watch)
            return message
        } catch {
            timing.readEnded(watch, error)
            throw error
        }
    }
}
