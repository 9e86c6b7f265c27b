import Eddy
import Testing

@testable import Eddy

/// Shutting a server down at every moment of its life.
@Suite("server: shutdown", .serialized, .timeLimit(.minutes(5)))
struct ServerShutdownTests {
    @Test("A message in progress finishes within the grace", arguments: FeatureSet.allCases)
    func grace(set: FeatureSet) async throws {
        try await withServer(set, handler: answerAtTheEnd) { server in
            let peer = try await Peer.connect(to: server.address)
            try await peer.send([1])
            try await eventually { await server.group.statistics().bytesReceived == 1 }
            server.shutDown(grace: .seconds(1000))
            // No further connections are accepted, but this one continues.
            try await eventually { await !self.accepts(server.address) }
            let sent = randomBytes(100_000)
            async let received = peer.receiveAll()
            try await peer.send(sent)
            peer.finish()
            #expect(difference(try await received, from: [1] + sent) == nil)
        }
    }

    @Test("Connections that outlast the grace are reset", arguments: FeatureSet.allCases, [0, 50])
    func graceEnds(set: FeatureSet, milliseconds: Int) async throws {
        let errors = Channel<ConnectionError>()
        let handler: TCPServer.Handler = { connection in
            do throws(ConnectionError) {
                while try await connection.read() != nil {}
            } catch {
                errors.send(error)
            }
        }
        try await withServer(set, grace: .zero, handler: handler) { server in
            let peer = try await Peer.connect(to: server.address)
            try await peer.send([1])
            try await eventually { await server.group.statistics().bytesReceived == 1 }
            server.shutDown(grace: .milliseconds(milliseconds))
            #expect(try await errors.next() == .shutDown)
            #expect(try await peer.receiveUntilBroken().error == .connectionReset)
        }
    }

    @Test("A second call shortens the grace")
    func shortened() async throws {
        try await withServer(grace: .zero, handler: answerAtTheEnd) { server in
            let peer = try await Peer.connect(to: server.address)
            try await peer.send([1])
            try await eventually { await server.group.statistics().bytesReceived == 1 }
            server.shutDown(grace: .seconds(1000))
            server.shutDown(grace: .zero)
            #expect(try await peer.receiveUntilBroken().error == .connectionReset)
        }
    }

    @Test("Shutting down a server that has ended does not affect the next one on its loops", arguments: [0, 1000])
    func ended(seconds: Int) async throws {
        try await withLoops(count: 1) { group in
            let first = try TCPServer(on: .loopback(port: 0), group: group)
            first.shutDown(grace: .seconds(1000))
            await first.run(echo)
            let second = try TCPServer(on: .loopback(port: 0), group: group)
            async let running = second.run(answerAtTheEnd)
            let peer = try await Peer.connect(to: second.address)
            try await peer.send([1])
            try await eventually { await group.statistics().bytesReceived == 1 }
            second.shutDown(grace: .seconds(2000))
            first.shutDown(grace: .seconds(seconds))
            // One grace timer, and it is the second server's.
            #expect(await group.statistics().timers == 1)
            try await peer.send([2])
            peer.finish()
            #expect(try await peer.receiveAll() == [1, 2])
            expectBalance(await running)
            #expect(await group.statistics().timers == 0)
        }
    }

    @Test("A grace ends with the last connection, also on loops that do not accept")
    func noTimerLeft() async throws {
        try await withLoops(count: 3) { group in
            var options = TCPServer.Options()
            options.accepting = .distributing(.roundRobin)
            let server = try TCPServer(on: .loopback(port: 0), group: group, options: options)
            async let running = server.run(echo)
            let peer = try await Peer.connect(to: server.address)
            try await peer.send([1])
            #expect(try await peer.receive(1) == [1])
            server.shutDown(grace: .seconds(1000))
            peer.finish()
            _ = await running
            #expect(await group.statistics().timers == 0)
        }
    }

    @Test("A server that was shut down before it runs returns at once, with any number of loops", arguments: [1, 3])
    func beforeRunning(loops: Int) async throws {
        let server = try TCPServer(on: .loopback(port: 0), loops: loops)
        server.shutDown(grace: .seconds(1000))
        expectBalance(await server.run(echo))
    }

    @Test("A server that is shut down while it starts returns")
    func whileStarting() async throws {
        try await withLoops(count: 3) { group in
            for round in 0..<100 {
                let server = try TCPServer(on: .loopback(port: 0), group: group)
                async let running = server.run(echo)
                for _ in 0..<round % 7 { await Task.yield() }
                server.shutDown(grace: .seconds(1000))
                expectBalance(await running)
            }
        }
    }

    @Test("A server that never runs leaves nothing behind", arguments: [false, true])
    func neverRun(shutDown: Bool) async throws {
        var server: TCPServer? = try TCPServer(on: .loopback(port: 0), loops: 2)
        let address = try #require(server?.address)
        #expect(await accepts(address))
        if shutDown { server?.shutDown(grace: .zero) }
        server = nil
        // A process that was being started meanwhile holds the listener until its exec.
        try await eventually { await !accepts(address) }
    }

    @Test("Running a server twice traps")
    func runTwice() async {
        expectTrap(
            await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
                let server = try TCPServer(on: .loopback(port: 0), loops: 1)
                server.shutDown(grace: .zero)
                await server.run(echo)
                await server.run(echo)
            },
            saying: "a server is run once"
        )
    }

    @Test("A listener that starts after the shutdown accepts nothing")
    func startedLate() async throws {
        try await withLoops(count: 2) { group in
            let server = try TCPServer(on: .loopback(port: 0), group: group)
            // The second loop is blocked, so its listener starts late.
            let gate = Gate()
            let (held, holder) = (Channel<Void>(), group.loops[1])
            let holding = Task {
                await holder.run {
                    held.send(())
                    gate.waitBlocking()
                }
            }
            try await held.next()
            async let running = server.run(echo)
            let first = group.loops[0]
            try await eventually { await first.run { !first.listeners.isEmpty } }
            // Some of them wait in the second loop's queue.
            var peers: [Peer] = []
            for _ in 0..<16 { peers.append(try await Peer.connect(to: server.address)) }
            server.shutDown(grace: .seconds(1000))
            gate.open()
            for peer in peers { peer.close() }
            expectBalance(await running)
            await holding.value
            #expect(await holder.statistics().connectionsAccepted == 0)
        }
    }

    @Test("Connections that handlers have left open are closed, also when the server's task is cancelled")
    func leftovers() async throws {
        let upstream = try PeerListener()
        try await withLoops { group in
            let loop = group.loops[0]
            // Its close waits for the other side's, which does not come.
            try await TCPClient(group: group).connect(to: "\(upstream.address)") { try await $0.write("hello") }
            #expect(await loop.run { loop.driver.connections.count } == 1)
            let closing = Task {
                await loop.run {
                    withUnsafeCurrentTask { $0?.cancel() }
                    await loop.closeConnections()
                    return loop.driver.connections.count
                }
            }
            #expect(await closing.value == 0)
        }
    }

    @Test("Cancelling a server's task shuts the server down", arguments: FeatureSet.allCases)
    func cancelled(set: FeatureSet) async throws {
        try await withLoops(set, count: 2) { group in
            let server = try TCPServer(on: .loopback(port: 0), group: group)
            let running = Task { await server.run(echo) }
            let peer = try await Peer.connect(to: server.address)
            try await peer.send([1])
            _ = try await peer.receive(1)
            running.cancel()
            expectBalance(await running.value)
            #expect(try await peer.receiveUntilBroken().error == .connectionReset)
        }
    }

    @Test("A server whose task was already cancelled returns")
    func cancelledBefore() async throws {
        try await withLoops(count: 2) { group in
            let server = try TCPServer(on: .loopback(port: 0), group: group)
            let gate = Gate()
            let running = Task {
                await gate.wait()
                return await server.run(echo)
            }
            running.cancel()
            gate.open()
            expectBalance(await running.value)
        }
    }

    @Test("Peers that connect during a shutdown are served or refused", arguments: FeatureSet.allCases)
    func duringAccept(set: FeatureSet) async throws {
        try await withServer(set, loops: 2, grace: .zero) { server in
            try await withThrowingTaskGroup { tasks in
                for number in 0..<40 {
                    tasks.addTask {
                        guard let peer = try? await Peer.connect(to: server.address) else { return }
                        try? await peer.send([1])
                        _ = try await peer.receiveUntilBroken()
                    }
                    if number == 20 { server.shutDown(grace: .zero) }
                }
                try await tasks.waitForAll()
            }
        }
    }

    @Test("The end of one server's grace does not end that of the next server on the loops")
    func staleGrace() async throws {
        try await withLoops { group in
            let first = try TCPServer(on: .loopback(port: 0), group: group)
            async let firstRunning = first.run(echo)
            try await eventually { await group.loops[0].run { !group.loops[0].listeners.isEmpty } }
            first.shutDown(grace: .milliseconds(200))
            _ = await firstRunning
            // The first server's timer is still pending; it is due while this one has its whole grace left.
            let second = try TCPServer(on: .loopback(port: 0), group: group)
            async let secondRunning = second.run(answerAtTheEnd)
            let peer = try await Peer.connect(to: second.address)
            try await peer.send([1])
            try await eventually { await group.statistics().bytesReceived == 1 }
            second.shutDown(grace: .seconds(1000))
            try await Task.sleep(for: .milliseconds(400))
            try await peer.send([2])
            peer.finish()
            #expect(try await peer.receiveAll() == [1, 2])
            expectBalance(await secondRunning)
        }
    }

    private func accepts(_ address: SocketAddress) async -> Bool {
        (try? await Peer.connect(to: address)) != nil
    }
}
