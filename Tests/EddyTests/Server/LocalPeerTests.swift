import EddySystem
import Foundation
import Testing

@testable import Eddy

/// Peers on the same machine: permissions and credentials of Unix domain sockets.
@Suite("server: local peers", .serialized, .timeLimit(.minutes(5)))
struct LocalPeerTests {
    @Test("A handler knows the process, user and group of a peer on a Unix domain socket")
    func credentials() async throws {
        try await withTemporaryDirectory { directory in
            let address = try SocketAddress(unixPath: directory.appending(path: "s").path)
            let seen = Channel<PeerCredentials?>()
            let handler: TCPServer.Handler = { seen.send($0.peerCredentials) }
            try await withServer(on: address, handler: handler) { server in
                let peer = try await Peer.connect(to: server.address)
                let credentials = try #require(try await seen.next())
                #expect(credentials.processID == getpid())
                #expect(credentials.userID == geteuid())
                #expect(credentials.groupID == getegid())
                peer.close()
            }
        }
    }

    @Test("A Unix domain socket is received from with single-shot receives: kernels may lose the end of multishot ones")
    func singleReceives() async throws {
        try await withTemporaryDirectory { directory in
            let address = try SocketAddress(unixPath: directory.appending(path: "s").path)
            let seen = Channel<Bool>()
            let handler: TCPServer.Handler = { connection in
                seen.send(connection.loop.driver.connections[connection.id].receiving.hints.contains(.singleShot))
            }
            try await withServer(on: address, handler: handler) { server in
                let client = TCPClient(group: server.group)
                try await client.connect(to: "\(server.address)") { connection in
                    #expect(connection.loop.driver.connections[connection.id].receiving.hints.contains(.singleShot))
                }
                #expect(try await seen.next())
            }
        }
    }

    /// A listener with room for one connection, which no code accepts yet.
    private static func listenWithoutBacklog(in directory: URL) throws -> (listener: Int32, address: SocketAddress) {
        let address = try SocketAddress(unixPath: directory.appending(path: "s").path)
        let listener = try Socket.openStream(for: address)
        try Socket.bind(listener, to: address)
        try Socket.listen(listener, backlog: 0)
        return (listener, address)
    }

    @Test("A client waits for room in a full backlog", arguments: FeatureSet.allCases)
    func fullBacklog(set: FeatureSet) async throws {
        try await withTemporaryDirectory { directory in
            let (listener, address) = try Self.listenWithoutBacklog(in: directory)
            defer { Socket.close(listener) }
            try await withLoops(set) { group in
                var options = ConnectOptions()
                options.timeout = .seconds(1000)
                let client = TCPClient(group: group, options: options)
                try await withThrowingTaskGroup { tasks in
                    for _ in 0..<8 {
                        tasks.addTask {
                            // A client that fails ends the accept that would wait for it.
                            do {
                                try await client.connect(to: "\(address)") { connection in
                                    let received = try await connection.gather(1)
                                    #expect(received == [9])
                                }
                            } catch {
                                Glibc.shutdown(listener, Int32(SHUT_RDWR))
                                throw error
                            }
                        }
                    }
                    // Some connects have found the backlog full by the time that it is emptied, one by one.
                    for number in 0..<8 {
                        if number < 2 { try await Task.sleep(for: .milliseconds(20)) }
                        let accepted = try await blocking { Glibc.accept(listener, nil, nil) }
                        guard accepted >= 0 else { break }
                        try await Peer(accepted).send([9])
                    }
                    try await tasks.waitForAll()
                }
                try await eventually { await group.statistics().connections == 0 }
                expectBalance(await group.statistics())
            }
        }
    }

    @Test("A client waits for a full backlog until its connect timeout")
    func fullBacklogForLong() async throws {
        try await withTemporaryDirectory { directory in
            let (listener, address) = try Self.listenWithoutBacklog(in: directory)
            defer { Socket.close(listener) }
            let first = try await Peer.connect(to: address)
            try await withLoops { group in
                let loop = group.next()
                var options = ConnectOptions()
                options.timeout = .milliseconds(50)
                let (endpoint, connectOptions) = (Endpoint(address), options)
                let attempt = ConnectAttempt(address, .timedOut)
                await #expect(throws: ConnectError.timedOut(endpoint, [attempt])) {
                    try await loop.run { try await loop.connect(to: address, options: connectOptions) { _ in } }
                }
            }
            first.close()
        }
    }

    @Test("A client knows the user that its server listened as")
    func credentialsOfServer() async throws {
        try await withTemporaryDirectory { directory in
            let address = try SocketAddress(unixPath: directory.appending(path: "s").path)
            try await withServer(on: address) { server in
                try await TCPClient(group: server.group).connect(to: "\(address)") { connection in
                    #expect(connection.peerCredentials?.userID == geteuid())
                }
            }
        }
    }

    @Test("A TCP connection has no credentials")
    func withoutCredentials() async throws {
        let seen = Channel<PeerCredentials?>()
        let handler: TCPServer.Handler = { connection in
            seen.send(connection.peerCredentials)
            while try await connection.read() != nil {}
        }
        try await withServer(handler: handler) { server in
            let peer = try await Peer.connect(to: server.address)
            #expect(try await seen.next() == nil)
            peer.close()
        }
    }

    @Test("A server's socket file has the configured mode", arguments: [0o600, 0o660, 0o777] as [UInt32])
    func mode(mode: UInt32) async throws {
        try await withTemporaryDirectory { directory in
            let address = try SocketAddress(unixPath: directory.appending(path: "s").path)
            var options = TCPServer.Options()
            options.socketMode = mode
            try await withServer(on: address, loops: 2, options: options) { server in
                #expect(try facts(of: address).st_mode & 0o7777 == mode)
                let peer = try await Peer.connect(to: server.address)
                try await peer.send([1])
                #expect(try await peer.receive(1) == [1])
                peer.close()
            }
        }
    }

    @Test("Without a configured mode the umask applies, and the process owns the file")
    func unchanged() async throws {
        await #expect(processExitsWith: .success) {
            try await withTemporaryDirectory { directory in
                umask(0o027)
                let address = try SocketAddress(unixPath: directory.appending(path: "s").path)
                let server = try TCPServer(on: .address(address), loops: 1)
                let facts = try facts(of: address)
                #expect(facts.st_mode & 0o7777 == 0o750)
                #expect(facts.st_uid == geteuid())
                _ = server
            }
        }
    }

    @Test("The file gets the configured owner and group, or the server does not start")
    func owner() async throws {
        try await withTemporaryDirectory { directory in
            let address = try SocketAddress(unixPath: directory.appending(path: "s").path)
            var options = TCPServer.Options()
            options.socketMode = 0o660
            options.socketOwner = 65_534
            options.socketGroup = 65_533
            do {
                let server = try TCPServer(on: .address(address), loops: 1, options: options)
                let facts = try facts(of: address)
                #expect(geteuid() == 0)
                #expect(facts.st_uid == 65_534 && facts.st_gid == 65_533)
                #expect(facts.st_mode & 0o7777 == 0o660)
                _ = server
            } catch let error as ServerError {
                // Only a process with CAP_CHOWN may give files away.
                #expect(error == .socketOwner(address, .notPermitted))
                #expect(error.description.contains("CAP_CHOWN"))
                #expect(!FileManager.default.fileExists(atPath: directory.appending(path: "s").path))
            }
        }
    }

    @Test("Without CAP_CHOWN, changing the file's owner fails with the reason")
    func ownerRefused() async {
        await #expect(processExitsWith: .success) {
            try await withTemporaryDirectory { directory in
                chmod(directory.path, 0o777)
                if geteuid() == 0 { #expect(setegid(65_534) == 0 && seteuid(65_534) == 0) }
                let path = directory.appending(path: "s").path
                let address = try SocketAddress(unixPath: path)
                var options = TCPServer.Options()
                options.socketOwner = 0
                #expect(throws: ServerError.socketOwner(address, .notPermitted)) {
                    _ = try TCPServer(on: .address(address), loops: 1, options: options)
                }
                #expect(!FileManager.default.fileExists(atPath: path))
                _ = seteuid(0)
            }
        }
    }

    @Test("Modes beyond the permission bits trap")
    func invalidMode() async {
        await #expect(processExitsWith: .failure) {
            var options = TCPServer.Options()
            options.socketMode = 0o1777
            _ = try TCPServer(on: "127.0.0.1:0", loops: 1, options: options)
        }
    }
}

/// stat(2) of an address's file.
private func facts(of address: SocketAddress) throws -> stat {
    var facts = stat()
    let path = "\(address)".dropFirst("unix:".count)
    guard lstat(String(path), &facts) == 0 else { throw SystemError.current }
    return facts
}
