import Eddy
import EddySystem
import Foundation
import Testing

@testable import Eddy

/// Servers on IPv6, on both families, and on Unix domain sockets.
@Suite("server: address families", .serialized, .timeLimit(.minutes(5)))
struct AddressFamilyTests {
    @Test("A server on [::] serves both families, and reports an IPv4 peer as IPv4", .enabled(if: hasIPv6Loopback))
    func dualStack() async throws {
        let remotes = Channel<SocketAddress?>()
        let handler: TCPServer.Handler = { remotes.send($0.remoteAddress) }
        let server = try TCPServer(on: "*:0", loops: 2)
        try await run(server, handler: handler) {
            let port = server.address.port
            #expect(server.address.description == "[::]:\(port)")
            for host in ["127.0.0.1", "[::1]"] {
                let peer = try await Peer.connect(to: SocketAddress("\(host):\(port)"))
                let remote = try #require(try await remotes.next())
                #expect(remote.description.hasPrefix("\(host):"))
                peer.close()
            }
        }
    }

    @Test("A server on [::] can exclude IPv4", .enabled(if: hasIPv6Loopback))
    func onlyIPv6() async throws {
        var options = TCPServer.Options()
        options.isDualStack = false
        let server = try TCPServer(on: "[::]:0", loops: 1, options: options)
        try await run(server) {
            try await expectEcho(at: SocketAddress("[::1]:\(server.address.port)"))
            await #expect(throws: SystemError.connectionRefused) {
                // An address that no other test listens on.
                _ = try await Peer.connect(to: SocketAddress("127.0.0.7:\(server.address.port)"))
            }
        }
    }

    @Test("A server on a path, with one or several loops, removes its file at the end", arguments: [1, 3])
    func path(loops: Int) async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "s").path
            let server = try TCPServer(on: "unix:\(path)", loops: loops)
            #expect(server.address.description == "unix:\(path)")
            try await run(server) {
                for _ in 0..<10 { try await expectEcho(at: server.address) }
                #expect(throws: ServerError.addressInUse(server.address)) {
                    _ = try TCPServer(on: .address(server.address))
                }
                try await expectEcho(at: server.address)
            }
            #expect(!FileManager.default.fileExists(atPath: path))
        }
    }

    @Test("A server on an abstract name has no file")
    func abstract() async throws {
        let server = try TCPServer(on: "unix:@eddy-\(UUID().uuidString)", loops: 2)
        try await run(server) {
            try await expectEcho(at: server.address)
            #expect(throws: ServerError.addressInUse(server.address)) {
                _ = try TCPServer(on: .address(server.address))
            }
        }
    }

    @Test("A dead server's socket file is replaced, and other kinds of files are not")
    func leftFiles() async throws {
        try await withTemporaryDirectory { directory in
            let address = try SocketAddress(unixPath: directory.appending(path: "s").path)
            let dead = try Socket.openStream(for: address)
            try Socket.bind(dead, to: address)
            Socket.close(dead)
            let server = try TCPServer(on: .address(address), loops: 1)
            try await run(server) { try await expectEcho(at: address) }

            let other = directory.appending(path: "f")
            try Data("x".utf8).write(to: other)
            let taken = try SocketAddress(unixPath: other.path)
            #expect(throws: ServerError.fileInTheWay(taken)) { _ = try TCPServer(on: .address(taken)) }
            #expect(FileManager.default.fileExists(atPath: other.path))

            let nowhere = try SocketAddress(unixPath: directory.appending(path: "none/s").path)
            #expect(throws: ServerError.noDirectory(nowhere)) { _ = try TCPServer(on: .address(nowhere)) }
        }
    }

    @Test("A server that is never run leaves no file")
    func neverRun() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "s").path
            do { _ = try TCPServer(on: "unix:\(path)", loops: 1) }
            #expect(!FileManager.default.fileExists(atPath: path))
        }
    }

    @Test("Eddy at both ends of a Unix domain socket echoes a megabyte", arguments: FeatureSet.allCases)
    func bytes(set: FeatureSet) async throws {
        try await withTemporaryDirectory { directory in
            let address = try SocketAddress(unixPath: directory.appending(path: "s").path)
            let group = try EventLoopGroup(count: 1, configuration: .init(), features: set.features)
            defer { group.shutDown() }
            let server = try TCPServer(on: .address(address), group: group)
            try await run(server) {
                let sent = randomBytes(1 << 20)
                let received = try await TCPClient(group: group).connect(to: "\(address)") { connection in
                    let remote = connection.remoteAddress
                    #expect(remote == address)
                    return try await connection.exchange(sent)
                }
                #expect(difference(received, from: sent) == nil)
            }
        }
    }

    /// Runs a server during `body`, shuts it down, and checks that nothing is left over.
    private func run(
        _ server: TCPServer,
        handler: @escaping TCPServer.Handler = echo,
        _ body: () async throws -> Void
    ) async throws {
        async let running = server.run(handler)
        do {
            try await body()
        } catch {
            server.shutDown(grace: .zero)
            _ = await running
            throw error
        }
        server.shutDown(grace: .seconds(40))
        expectBalance(await running)
    }

    private func expectEcho(at address: SocketAddress) async throws {
        let peer = try await Peer.connect(to: address)
        try await peer.send([1, 2, 3])
        #expect(try await peer.receive(3) == [1, 2, 3])
        peer.close()
    }
}
