import Eddy
import EddySystem
import Foundation
import Testing

@testable import Eddy

/// Sockets that another program has opened.
@Suite("server: inherited sockets", .serialized, .timeLimit(.minutes(5)))
struct InheritedSocketTests {
    @Test("Several loops serve a listening socket in non-blocking mode", arguments: ["127.0.0.1:0", "unix:@"])
    func serves(text: String) async throws {
        let text = text == "unix:@" ? "unix:@eddy-inherited-\(getpid())" : text
        let address = try SocketAddress(text)
        let descriptor = try Socket.openStream(for: address)
        try Socket.bind(descriptor, to: address)
        try Socket.listen(descriptor, backlog: 16)
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        let server = try TCPServer(on: .inherited(.descriptor(descriptor)), loops: 2)
        #expect(server.address == Socket.localAddress(of: descriptor))
        async let running = server.run(echo)
        for _ in 0..<4 {
            let peer = try await Peer.connect(to: server.address)
            try await peer.send([5])
            #expect(try await peer.receive(1) == [5])
            peer.close()
        }
        server.shutDown(grace: .seconds(40))
        let statistics = await running
        #expect(statistics.connectionsAccepted == 4)
        expectBalance(statistics)
    }

    @Test("The file of an inherited socket stays, since it belongs to another program")
    func file() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "s").path
            let address = try SocketAddress(unixPath: path)
            let descriptor = try Socket.openStream(for: address)
            try Socket.bind(descriptor, to: address)
            try Socket.listen(descriptor, backlog: 16)
            let server = try TCPServer(on: .inherited(.descriptor(descriptor)), loops: 1)
            server.shutDown(grace: .zero)
            expectBalance(await server.run(echo))
            #expect(FileManager.default.fileExists(atPath: path))
        }
    }

    @Test("A group's loops serve an inherited socket, and continue after it")
    func group() async throws {
        let descriptor = try Socket.openStream(for: .loopback(port: 0))
        try Socket.bind(descriptor, to: .loopback(port: 0))
        try Socket.listen(descriptor, backlog: 16)
        try await withLoops { group in
            let server = try TCPServer(on: .inherited(.descriptor(descriptor)), group: group)
            async let running = server.run(echo)
            let reply = try await TCPClient(group: group).connect(to: "\(server.address)") { connection in
                try await connection.exchange([5])
            }
            #expect(reply == [5])
            server.shutDown(grace: .seconds(40))
            #expect(await running.connectionsAccepted == 1)
            #expect(await group.loops[0].run { 6 } == 6)
        }
    }

    @Test("Descriptors that are not listening stream sockets are rejected with a reason")
    func wrongDescriptors() throws {
        #expect(throws: InheritedSocketError.notOpen(-1)) { _ = try InheritedSocket.descriptor(-1).find() }

        let file = open("/dev/null", O_RDONLY)
        defer { close(file) }
        #expect(throws: InheritedSocketError.notASocket(file)) { _ = try InheritedSocket.descriptor(file).find() }

        let datagrams = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        defer { close(datagrams) }
        #expect(throws: InheritedSocketError.notAStream(datagrams)) {
            _ = try InheritedSocket.descriptor(datagrams).find()
        }

        let idle = try Socket.openStream(for: .loopback(port: 0))
        defer { close(idle) }
        let error = #expect(throws: InheritedSocketError.self) { _ = try InheritedSocket.descriptor(idle).find() }
        #expect(error == .notListening(idle))
        #expect(error?.description.contains("listen()") == true)
    }

    @Test("Reads systemd's environment variables")
    func activation() throws {
        let one = try SocketActivation(process: 7, environment: environment(["LISTEN_PID": "7", "LISTEN_FDS": "1"]))
        #expect(one.names == ["unknown"])
        #expect(try one.descriptor(named: nil) == 3)

        let two = try SocketActivation(
            process: 7,
            environment: environment(["LISTEN_PID": "7", "LISTEN_FDS": "2", "LISTEN_FDNAMES": "http:admin"])
        )
        #expect(try two.descriptor(named: "http") == 3)
        #expect(try two.descriptor(named: "admin") == 4)
        #expect(throws: InheritedSocketError.ambiguous(names: ["http", "admin"])) { try two.descriptor(named: nil) }
        #expect(throws: InheritedSocketError.noSuchName("x", names: ["http", "admin"])) {
            try two.descriptor(named: "x")
        }
    }

    @Test("All sockets with one name are found, and asking for a single one of them fails")
    func severalOfOneName() throws {
        let activation = try SocketActivation(
            process: 7,
            environment: environment(["LISTEN_PID": "7", "LISTEN_FDS": "4", "LISTEN_FDNAMES": "http:admin:http:http"])
        )
        #expect(try activation.descriptors(named: "http") == [3, 5, 6])
        #expect(try activation.descriptors(named: "admin") == [4])
        #expect(try activation.descriptors(named: nil) == [3, 4, 5, 6])
        #expect(throws: InheritedSocketError.ambiguous(names: ["http"])) { try activation.descriptor(named: "http") }
        #expect(throws: InheritedSocketError.noSuchName("x", names: ["http", "admin", "http", "http"])) {
            try activation.descriptors(named: "x")
        }
    }

    @Test(
        "Rejects environments without a socket for this process",
        arguments: [
            ([:], InheritedSocketError.noActivation),
            (["LISTEN_PID": "7", "LISTEN_FDS": "0"], .noActivation),
            (["LISTEN_PID": "8", "LISTEN_FDS": "1"], .otherProcess("8")),
            (["LISTEN_FDS": "1"], .malformed(variable: "LISTEN_PID", value: "")),
            (["LISTEN_PID": "7", "LISTEN_FDS": "-1"], .malformed(variable: "LISTEN_FDS", value: "-1")),
            (["LISTEN_PID": "7", "LISTEN_FDS": "9999999"], .malformed(variable: "LISTEN_FDS", value: "9999999")),
            (["LISTEN_PID": "me", "LISTEN_FDS": "1"], .malformed(variable: "LISTEN_PID", value: "me")),
        ]
    )
    func noActivation(variables: [String: String], error: InheritedSocketError) {
        #expect(throws: error) { _ = try SocketActivation(process: 7, environment: environment(variables)) }
    }

    private func environment(_ variables: [String: String]) -> (String) -> String? {
        { variables[$0] }
    }
}
