import EddySystem
import Foundation
import Testing

@testable import Eddy

/// Local addresses, Unix domain sockets and other options of a client.
@Suite("client: options", .serialized, .timeLimit(.minutes(5)))
struct ConnectOptionsTests {
    @Test("The local address is the requested one", arguments: ["127.0.0.5:0", "127.0.0.6:0"])
    func localAddress(text: String) async throws {
        let remotes = Channel<SocketAddress?>()
        let handler: TCPServer.Handler = { remotes.send($0.remoteAddress) }
        try await withServer(handler: handler) { server in
            try await withLoops { group in
                var options = ConnectOptions()
                options.localAddress = try SocketAddress(text)
                let client = TCPClient(group: group, options: options)
                let local = try await client.connect(to: Endpoint(server.address)) { connection in
                    // Stays open until the server has checked the address.
                    _ = try await connection.read()
                    return connection.localAddress
                }
                #expect(local?.withPort(0) == options.localAddress)
                #expect(try await remotes.next() == local)
            }
        }
    }

    @Test("Unusable local addresses are errors and leak no descriptor")
    func wrongLocalAddress() async throws {
        let listener = try PeerListener()
        try await withLoops { group in
            var options = ConnectOptions()
            options.localAddress = try SocketAddress("[::1]:0")
            let endpoint = Endpoint(listener.address)
            let otherFamily = ConnectAttempt(listener.address, .addressFamilyNotSupported)
            var error = await errorOfConnecting(through: group, to: endpoint, options)
            #expect(error == .unreachable(endpoint, [otherFamily]))

            options.localAddress = try SocketAddress("192.0.2.1:0")
            error = await errorOfConnecting(through: group, to: endpoint, options)
            #expect(error == .failed(endpoint, [ConnectAttempt(listener.address, .addressNotAvailable)]))
            expectBalance(await group.statistics())
        }
    }

    @Test("Connecting to a Unix domain socket without a listener fails")
    func unixRefused() async throws {
        try await withTemporaryDirectory { directory in
            let address = try SocketAddress(unixPath: directory.appending(path: "s").path)
            try await withLoops { group in
                let endpoint = Endpoint(address)
                var error = await errorOfConnecting(through: group, to: endpoint)
                #expect(error == .refused(endpoint, [ConnectAttempt(address, .noSuchFile)]))

                let dead = try Socket.openStream(for: address)
                try Socket.bind(dead, to: address)
                error = await errorOfConnecting(through: group, to: endpoint)
                #expect(error == .refused(endpoint, [ConnectAttempt(address, .connectionRefused)]))
                Socket.close(dead)
                expectBalance(await group.statistics())
            }
        }
    }

    @Test(
        "Connecting to a Unix domain socket with a full backlog waits until the timeout",
        .enabled(if: runsOnUring, "epoll reports EAGAIN at once")
    )
    func unixBacklog() async throws {
        let address = try SocketAddress("unix:@eddy-full-\(UUID().uuidString)")
        let listener = try Socket.openStream(for: address)
        try Socket.bind(listener, to: address)
        try Socket.listen(listener, backlog: 0)
        let first = try Socket.openStream(for: address)
        try Socket.connectAtOnce(first, to: address)
        defer { Socket.close(first) }
        try await withLoops { group in
            var options = ConnectOptions()
            options.timeout = .milliseconds(50)
            let error = await errorOfConnecting(through: group, to: Endpoint(address), options)
            #expect(error == .timedOut(Endpoint(address), [ConnectAttempt(address, .timedOut)]))
            Socket.close(listener)
            try await eventually { await group.statistics().connections == 0 }
            expectBalance(await group.statistics())
        }
    }

    @Test("Every error number of socket, bind and connect has a message that suggests a fix")
    func remedies() throws {
        let endpoint = try Endpoint("name:80")
        for code in Int32(1)...133 {
            let attempt = ConnectAttempt(.loopback(port: 80), SystemError(code))
            let text = ConnectError([attempt], of: endpoint).description
            #expect(text.hasPrefix("cannot connect to name:80: "))
            #expect(text.contains(";"), "\(code): \(text)")
            let server = ServerError(SystemError(code), listeningOn: .loopback(port: 80)).description
            #expect(server.contains(";"), "\(code): \(server)")
        }
    }
}
