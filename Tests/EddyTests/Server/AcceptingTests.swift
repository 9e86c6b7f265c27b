import Eddy
import EddySimulation
import Synchronization
import Testing

@testable import Eddy

/// Which loop accepts, and how many connections.
@Suite("server: accepting", .serialized, .timeLimit(.minutes(5)))
struct AcceptingTests {
    @Test("One acceptor distributes connections to all loops in turn")
    func roundRobin() async throws {
        var options = TCPServer.Options()
        options.accepting = .distributing(.roundRobin)
        let statistics = try await withServer(loops: 3, options: options) { server in
            let peers = try await open(9, at: server.address)
            for loop in server.group.loops { #expect(await loop.statistics().connections == 3) }
            for peer in peers { peer.close() }
        }
        #expect(statistics.connectionsAccepted == 9)
    }

    @Test("One acceptor hands connections to the loop with the fewest")
    func leastLoaded() async throws {
        var options = TCPServer.Options()
        options.accepting = .distributing(.leastLoaded)
        let places = Mutex<[ObjectIdentifier]>([])
        let handler: TCPServer.Handler = { connection in
            places.withLock { $0.append(ObjectIdentifier(connection.eventLoop)) }
            try await echo(connection)
        }
        try await withServer(loops: 2, options: options, handler: handler) { server in
            let peers = try await open(6, at: server.address)
            for loop in server.group.loops {
                #expect(places.withLock { $0.count { $0 == ObjectIdentifier(loop) } } == 3)
            }
            // All connections of one loop close; the next ones go there.
            let gone = places.withLock { $0[0] }
            for (peer, place) in zip(peers, places.withLock { $0 }) where place == gone { peer.close() }
            let loop = try #require(server.group.loops.first { ObjectIdentifier($0) == gone })
            try await eventually { await loop.statistics().connections == 0 }
            places.withLock { $0 = [] }
            let more = try await open(3, at: server.address)
            #expect(places.withLock { $0 } == [gone, gone, gone])
            for peer in peers + more { peer.close() }
        }
    }

    @Test("At its limit a server pauses: the next connections wait and are served later", arguments: modes, [1, 2])
    func pauses(mode: Mode, loops: Int) async throws {
        var options = mode.options
        options.maximumConnections = 4
        let statistics = try await withServer(loops: loops, options: options) { server in
            var peers = try await open(4, at: server.address)
            let waiting = try await connect(8, to: server.address)
            for peer in waiting { try await peer.send([7]) }
            for _ in 0..<10 {
                #expect(await server.group.statistics().connections == 4)
                try await Task.sleep(for: .milliseconds(2))
            }
            // Each connection that closes makes room for one. Which one is the kernel's choice.
            for peer in peers { peer.close() }
            peers = waiting
            var left = peers
            while !left.isEmpty {
                let answered = try await withThrowingTaskGroup(of: Int.self) { tasks in
                    for (index, peer) in left.enumerated() {
                        tasks.addTask {
                            _ = try await peer.receive(1)
                            peer.close()
                            return index
                        }
                    }
                    return try await tasks.reduce(into: Set<Int>()) { $0.insert($1) }
                }
                left = left.enumerated().filter { !answered.contains($0.offset) }.map(\.element)
            }
        }
        #expect(statistics.connectionsAccepted == 12)
        #expect(statistics.connectionsRefused == 0)
    }

    @Test("Near its limit a server accepts no more connections than it may serve, even when many arrive at once")
    func nearLimit() async throws {
        var options = TCPServer.Options()
        (options.maximumConnections, options.backlog) = (20, 10)
        try await withServer(options: options) { server in
            let loop = server.group.next()
            var peers = try await open(19, at: server.address)
            // They are all in the backlog by the time that the loop resumes.
            let (gate, isHeld) = (Gate(), Channel<Void>())
            async let held: Void = loop.run {
                isHeld.send(())
                gate.waitBlocking()
            }
            try await isHeld.next()
            peers += try await connect(10, to: server.address)
            gate.open()
            await held
            try await eventually { await loop.statistics().acceptPauses == 1 }
            #expect(await loop.run { loop.listeners[ListenerID(index: 0)]?.parked.count } ?? .max <= 1)
            for peer in peers { peer.close() }
        }
    }

    @Test("At its limit a server refuses, if configured to, and accepts again afterwards", arguments: modes, [1, 2])
    func refuses(mode: Mode, loops: Int) async throws {
        var options = mode.options
        options.maximumConnections = 4
        options.atLimit = .refuse
        let statistics = try await withServer(loops: loops, options: options) { server in
            let peers = try await open(4, at: server.address)
            for peer in try await connect(3, to: server.address) {
                #expect(try await peer.receiveUntilBroken().bytes.isEmpty)
            }
            for peer in peers { peer.close() }
            try await eventually { await server.group.statistics().connections == 0 }
            for peer in try await open(4, at: server.address) { peer.close() }
        }
        #expect(statistics.connectionsAccepted == 8)
        #expect(statistics.connectionsRefused == 3)
    }

    @Test("A connection that a loop refuses does not count against the server's limit")
    func refusedByALoop() async throws {
        var options = TCPServer.Options()
        options.accepting = .distributing(.roundRobin)
        options.maximumConnections = 3
        options.atLimit = .refuse
        var configuration = EventLoop.Configuration()
        configuration.maximumConnections = 1
        let statistics = try await withServer(loops: 2, configuration: configuration, options: options) { server in
            let held = try await open(1, at: server.address)
            // From now on one loop is full. The other one serves a connection, and then it is the full one's turn.
            for _ in 0..<5 {
                for peer in try await open(1, at: server.address) { peer.close() }
                try await eventually { await server.group.statistics().connections == 1 }
                for peer in try await connect(1, to: server.address) {
                    #expect(try await peer.receiveUntilBroken().bytes.isEmpty)
                }
            }
            for peer in held { peer.close() }
        }
        #expect(statistics.connectionsAccepted == 6)
        #expect(statistics.connectionsRefused == 5)
    }

    @Test("A listener short of descriptors accepts again as soon as a connection is closed")
    func descriptorsShort() throws {
        try withSimulatedLoop { loop, network in
            // One for the listener, and one for a connection.
            network.descriptorLimit = 2
            let listener = try Listener(simulatedIn: network, loop: loop)
            let peers = (0..<2).map { _ in network.dial(listener.address) }
            while loop.driver.counters.acceptPauses == 0 { loop.advance() }
            #expect(loop.driver.counters.connectionsAccepted == 1)
            #expect(loop.driver.timers.count == 1)
            let id = try #require(listener.firstConnection())
            loop.driver.connections[id].lifecycle.end(.reset)
            loop.driver.beginClosing(id)
            while loop.driver.counters.connectionsAccepted == 1 { loop.advance() }
            // The timer after which the listener would have tried again is still running.
            #expect(loop.driver.timers.count == 1)
            for peer in peers { peer.close() }
        }
    }

    @Test("A server that pauses at its limit still shuts down", arguments: modes)
    func shutDownAtLimit(mode: Mode) async throws {
        var options = mode.options
        options.maximumConnections = 1
        try await withServer(loops: 2, options: options, grace: .zero) { server in
            let served = try await open(1, at: server.address)
            let waiting = try await connect(5, to: server.address)
            try await eventually { await server.group.statistics().acceptPauses > 0 }
            server.shutDown(grace: .zero)
            for peer in served + waiting { _ = try await peer.receiveUntilBroken() }
        }
    }

    @Test("Connections that arrive during a shutdown are served or closed, and none is lost", arguments: modes)
    func shutDownWhileAccepting(mode: Mode) async throws {
        for _ in 0..<5 {
            try await withServer(loops: 3, options: mode.options, grace: .zero) { server in
                let peers = try await connect(20, to: server.address)
                for peer in peers { try await peer.send([1]) }
                server.shutDown(grace: .zero)
                for peer in peers { _ = try await peer.receiveUntilBroken() }
            }
        }
    }

    struct Mode: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let accepting: TCPServer.Options.Accepting

        var options: TCPServer.Options {
            var options = TCPServer.Options()
            options.accepting = accepting
            return options
        }
    }

    private static let modes = [
        Mode(testDescription: "per loop", accepting: .perLoop),
        Mode(testDescription: "distributing", accepting: .distributing(.roundRobin)),
    ]

    private func connect(_ count: Int, to address: SocketAddress) async throws -> [Peer] {
        var peers: [Peer] = []
        for _ in 0..<count { peers.append(try await Peer.connect(to: address)) }
        return peers
    }

    /// Connects and waits until each connection is served.
    private func open(_ count: Int, at address: SocketAddress) async throws -> [Peer] {
        var peers: [Peer] = []
        for _ in 0..<count {
            let peer = try await Peer.connect(to: address)
            try await peer.send([1])
            _ = try await peer.receive(1)
            peers.append(peer)
        }
        return peers
    }
}
