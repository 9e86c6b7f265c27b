import Eddy
import EddyRing

/// What is done in a simulation. It runs in a task on the loop, and returns when all of it is over.
protocol Workload: Sendable {
    func run() async
}

extension Simulation {
    /// Serves the simulation's address until every peer has finished, or, in some, until chance ends it before.
    func serve(_ handler: @escaping TCPServer.Handler, while clients: @escaping @Sendable () async -> Void) async {
        let server = listen()
        await withTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await server.run(handler) }
            if self.scenario.shutsDownInTheMiddle { self.shutDownLater(server) }
            await clients()
            self.network.note("the clients have been started")
            await self.peersFinished()
            self.network.note("the peers have finished")
            self.isShuttingDown = true
            server.shutDown(grace: .milliseconds(self.network.random.magnitude(0...2000)))
        }
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
                try? await loop.sleep(for: .nanoseconds(Int64(pause(upTo: longest))))
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
}
