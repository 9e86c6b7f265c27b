import EddySystem
import EddyTestSupport
import Glibc
import Testing

/// The system's information about TCP connections.
@Suite("system: TCP information", .timeLimit(.minutes(1)))
struct TCPInformationTests {
    @Test("Sent bytes are acknowledged, and after a reset none are outstanding")
    func acknowledgements() throws {
        let (near, far) = try connect()
        defer { Socket.close(near) }
        #expect(send(near, "hello", 5, 0) == 5)
        while Socket.acknowledgedBytes(near) < 5 { usleep(1_000) }
        #expect(Socket.unacknowledgedBytes(near) == 0)
        #expect(try Socket.information(of: far).bytesReceived == 5)

        Socket.resetOnClose(far)
        Socket.close(far)
        var hangUp = pollfd(fd: near, events: 0, revents: 0)
        #expect(poll(&hangUp, 1, -1) == 1)
        #expect(Socket.unacknowledgedBytes(near) == nil)
    }

    @Test("A Unix domain socket reports waiting bytes, but no acknowledgements")
    func unix() throws {
        let pair = try SocketPair()
        #expect(Socket.unacknowledgedBytes(pair.near) == 0)
        #expect(send(pair.near, "hello", 5, 0) == 5)
        #expect(Socket.unacknowledgedBytes(pair.near) ?? 0 > 0)
        #expect(Socket.acknowledgedBytes(pair.near) == 0)
        #expect(throws: SystemError.notSupported) { _ = try Socket.information(of: pair.near) }
    }

    /// Two ends of a connection over loopback.
    private func connect() throws -> (near: Int32, far: Int32) {
        let loopback = SocketAddress.loopback(port: 0)
        let listener = try Socket.openStream(for: loopback)
        defer { Socket.close(listener) }
        try Socket.bind(listener, to: loopback)
        try Socket.listen(listener, backlog: 1)
        let near = try Socket.openStream(for: loopback)
        // Usually still in progress when it returns; the accept waits for its end.
        try? Socket.connectAtOnce(near, to: #require(Socket.localAddress(of: listener)))
        let far = accept(listener, nil, nil)
        try #require(far >= 0)
        // A process that another test starts must not keep it open.
        _ = fcntl(far, F_SETFD, FD_CLOEXEC)
        return (near, far)
    }
}
