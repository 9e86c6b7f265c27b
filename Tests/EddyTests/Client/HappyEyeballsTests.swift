import Glibc
import Testing

@testable import Eddy

/// Names with several addresses: which address is connected to, and which errors are reported if none succeeds.
@Suite("client: happy eyeballs", .serialized, .timeLimit(.minutes(5)))
struct HappyEyeballsTests {
    /// A name and the hosts that it resolves to.
    private func options(_ hosts: [String]) -> ConnectOptions {
        var options = ConnectOptions()
        options.attemptDelay = .milliseconds(20)
        options.resolver = Resolver { _ throws(AddressError) in
            var addresses: [SocketAddress] = []
            for host in hosts { addresses.append(try SocketAddress("\(host):0")) }
            return addresses
        }
        return options
    }

    @Test("Address families alternate in the resolver's order, beginning with the first address's family")
    func order() throws {
        func addresses(_ hosts: [String]) throws -> [SocketAddress] { try hosts.map { try SocketAddress("\($0):1") } }
        let mixed = try addresses(["[::1]", "[::2]", "[::3]", "10.0.0.1", "10.0.0.2"])
        let turns = try addresses(["[::1]", "10.0.0.1", "[::2]", "10.0.0.2", "[::3]"])
        #expect(interleavingFamilies(mixed) == turns)
        let ipv4First = try addresses(["10.0.0.1", "[::1]", "10.0.0.2", "10.0.0.3"])
        #expect(interleavingFamilies(ipv4First) == ipv4First)
        #expect(interleavingFamilies([]) == [])
        let single = try addresses(["10.0.0.2", "10.0.0.1"])
        #expect(interleavingFamilies(single) == single)
    }

    @Test("When an address refuses, the next one is tried at once", arguments: FeatureSet.allCases)
    func refusedFirst(set: FeatureSet) async throws {
        try await withServer { server in
            try await withLoops(set) { group in
                var options = options(["127.0.0.2", "127.0.0.3", "127.0.0.1"])
                // The delay is never reached: only failures start the next attempt.
                options.attemptDelay = .seconds(1000)
                try await expectEcho(through: group, at: "name:\(server.address.port)", options)
            }
        }
    }

    @Test("When an address does not answer, the next one is tried, and the first attempt leaves nothing behind")
    func blackHoleFirst() async throws {
        try await withServer { server in
            let hole = try BlackHole(at: SocketAddress("127.0.0.2:\(server.address.port)"))
            try await withLoops { group in
                let options = options(["127.0.0.2", "127.0.0.1"])
                try await expectEcho(through: group, at: "name:\(hole.address.port)", options)
            }
        }
    }

    @Test("Attempts on the other address family overtake unanswered ones", .enabled(if: hasIPv6Loopback))
    func families() async throws {
        let (server, holes) = try Self.serverAndBlackHoles()
        async let running = server.run(echo)
        var configuration = EventLoop.Configuration()
        // If both IPv4 addresses were tried first, there would be no room for the other family.
        configuration.maximumConnections = 2
        try await withLoops(configuration: configuration) { group in
            let options = options(["127.0.0.2", "127.0.0.3", "[::1]"])
            try await expectEcho(through: group, at: "name:\(server.address.port)", options)
        }
        withExtendedLifetime(holes) {}
        server.shutDown(grace: .seconds(40))
        expectBalance(await running)
    }

    /// A server on IPv6, and black holes at the same IPv4 port, which another test's server may occupy on all
    /// addresses.
    private static func serverAndBlackHoles() throws -> (TCPServer, [BlackHole]) {
        while true {
            let server = try TCPServer(on: "[::1]:0", loops: 1)
            do {
                let hosts = ["127.0.0.2", "127.0.0.3"]
                return (server, try hosts.map { try BlackHole(at: SocketAddress("\($0):\(server.address.port)")) })
            } catch let error as SystemError where error == .addressInUse {}
        }
    }

    @Test("When all addresses refuse, the error names all of them", arguments: FeatureSet.allCases)
    func allRefuse(set: FeatureSet) async throws {
        let closed = try ClosedPort()
        try await withLoops(set) { group in
            let port = closed.address.port
            let endpoint = try Endpoint("name:\(port)")
            let error = await errorOfConnecting(through: group, to: endpoint, options(["127.0.0.2", "127.0.0.3"]))
            let attempts = try ["127.0.0.2", "127.0.0.3"].map {
                ConnectAttempt(try SocketAddress("\($0):\(port)"), .connectionRefused)
            }
            #expect(error == .refused(endpoint, attempts))
            #expect(error?.description.contains("127.0.0.2:\(port): connection refused") == true)
            expectBalance(await group.statistics())
        }
    }

    @Test("On a timeout the error names all addresses that were tried")
    func timeout() async throws {
        let hole = try BlackHole()
        try await withLoops { group in
            let endpoint = try Endpoint("name:\(hole.address.port)")
            var options = options(["127.0.0.2", "127.0.0.1"])
            options.timeout = .seconds(3)
            let error = await errorOfConnecting(through: group, to: endpoint, options)
            let attempts = [
                ConnectAttempt(try SocketAddress("127.0.0.2:\(hole.address.port)"), .connectionRefused),
                ConnectAttempt(hole.address, .timedOut),
            ]
            #expect(error == .timedOut(endpoint, attempts))
            try await eventually { await group.statistics().connections == 0 }
            expectBalance(await group.statistics())
        }
    }

    @Test("The error reports different reasons for different addresses")
    func different() async throws {
        let closed = try ClosedPort()
        try await withLoops { group in
            let port = closed.address.port
            let endpoint = try Endpoint("name:\(port)")
            let options = options(["127.0.0.2", "255.255.255.255"])
            let error = await errorOfConnecting(through: group, to: endpoint, options)
            guard case .failed(_, let attempts) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(attempts.map(\.error)[0] == .connectionRefused)
            #expect(attempts.count == 2)
            #expect(error?.description.contains("255.255.255.255:\(port)") == true)
        }
    }

    @Test("Cancelling a connecting task ends it at once", arguments: FeatureSet.allCases)
    func cancelled(set: FeatureSet) async throws {
        let hole = try BlackHole()
        try await withLoops(set) { group in
            var options = options(["127.0.0.1", "127.0.0.1"])
            options.timeout = .seconds(1000)
            let endpoint = try Endpoint("name:\(hole.address.port)")
            let task = Task { [options] in await errorOfConnecting(through: group, to: endpoint, options) }
            try await eventually { await group.statistics().connections == 2 }
            task.cancel()
            #expect(await task.value == .cancelled)
            try await eventually { await group.statistics().connections == 0 }
            expectBalance(await group.statistics())
        }
    }

    @Test("Shutting down the loops ends connection attempts")
    func loopEnds() async throws {
        let hole = try BlackHole()
        let group = try EventLoopGroup(count: 1)
        var options = options(["127.0.0.1"])
        options.timeout = .seconds(1000)
        let endpoint = try Endpoint("name:\(hole.address.port)")
        let task = Task { [options] in await errorOfConnecting(through: group, to: endpoint, options) }
        try await eventually { await group.statistics().connections == 1 }
        try await blocking { group.shutDown() }
        #expect(await task.value == .shutDown)
    }

    @Test("At the loop's connection limit an attempt in progress may still succeed")
    func limit() async throws {
        try await withServer { server in
            let hole = try BlackHole(at: SocketAddress("127.0.0.2:\(server.address.port)"))
            var configuration = EventLoop.Configuration()
            configuration.maximumConnections = 1
            try await withLoops(configuration: configuration) { group in
                let endpoint = try Endpoint("name:\(hole.address.port)")
                // The black hole takes the only slot, so the server is never tried.
                var options = options(["127.0.0.2", "127.0.0.1"])
                options.timeout = .seconds(3)
                let error = await errorOfConnecting(through: group, to: endpoint, options)
                #expect(error == .timedOut(endpoint, [ConnectAttempt(hole.address, .timedOut)]))
            }
        }
    }

    private func expectEcho(through group: EventLoopGroup, at text: String, _ options: ConnectOptions) async throws {
        let reply = try await TCPClient(group: group).connect(to: text, options: options) { connection in
            try await connection.exchange([1, 2, 3])
        }
        #expect(reply == [1, 2, 3])
        try await eventually { await group.statistics().connections == 0 }
        expectBalance(await group.statistics())
        #expect(await group.statistics().connectionsOpened == 1)
    }
}
