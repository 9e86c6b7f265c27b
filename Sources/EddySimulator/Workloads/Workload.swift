import Eddy
import EddySimulation

/// The work of a simulation. It runs in a task on the loop, and returns when all of it has finished.
protocol Workload: Sendable {
    func run() async
}

extension Simulation {
    /// Serves the simulation's address until every peer has finished; in some scenarios a random shutdown ends it
    /// earlier.
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
            self.graceEnd = min(self.graceEnd, self.network.now.advanced(byNanoseconds: grace))
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

    /// Records that a handler has released its connection.
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

    /// Ends handlers that would wait forever for an unplugged peer.
    private func shutDownSilent(_ server: TCPServer, after patience: UInt64) {
        let grace = unplugging.magnitude(0...1_000_000_000)
        network.schedule(in: patience) { [self] in
            guard !isShuttingDown else { return }
            isShuttingDown = true
            graceEnd = network.now.advanced(byNanoseconds: UInt64(grace))
            network.note("the server is shut down after waiting for unplugged peers")
            server.shutDown(grace: .nanoseconds(grace))
        }
    }

    /// Waits until unplugged connections have been detected.
    private func waitForUnplugged(since start: Instant) async {
        guard let patience else { return }
        while !isShuttingDown, handlers > 0, start.nanoseconds(to: network.now) < patience {
            try? await timing.sleep(for: .seconds(1))
        }
    }

    /// Starts up to `count` peers that expect an echo, and pauses after some of them.
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

    /// The maximum length of a long stream: longer if streams are to fill the pool.
    var longStream: Int { scenario.isMemoryLimited ? 600_000 : 150_000 }

    /// Runs a handler's body, and checks the error that it throws.
    func handling(_ connection: borrowing Connection, _ body: () async throws -> Void) async throws {
        let port = connection.remoteAddress?.port
        do {
            try await body()
        } catch {
            thrown(error, by: port)
            throw error
        }
    }

    /// Reads available bytes, and checks the timing.
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

    /// Reads exactly `byteCount` bytes, and checks the timing.
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

    /// Reads a length-prefixed message, and checks the timing.
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
