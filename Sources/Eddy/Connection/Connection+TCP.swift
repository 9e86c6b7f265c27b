internal import EddyRing
public import EddySystem

extension Connection {
    /// The local address; an IPv4 address also when the server's socket is IPv6. Nil when the connection has failed.
    public var localAddress: SocketAddress? {
        guard loop.isCurrent, let descriptor = try? handle.openDescriptor else { return nil }
        return loop.ring.localAddress(of: descriptor)?.unmapped
    }

    /// The peer's address; an IPv4 address also when the server's socket is IPv6. Nil when the connection has failed.
    public var remoteAddress: SocketAddress? {
        guard loop.isCurrent, let descriptor = try? handle.openDescriptor else { return nil }
        return loop.ring.remoteAddress(of: descriptor)?.unmapped
    }

    /// The process and the user of the peer of a Unix domain socket at the time that it connected. Nil for TCP, and
    /// when the connection has failed. Costs a system call.
    public var peerCredentials: PeerCredentials? {
        guard loop.isCurrent, let descriptor = try? handle.openDescriptor else { return nil }
        return loop.ring.peerCredentials(of: descriptor)
    }

    /// Sets a socket option.
    ///
    /// - Throws: ``ConnectionError/option(_:)``: EINVAL for a value that the system rejects, EOPNOTSUPP if the socket
    ///   is not a TCP socket. The connection is unchanged. If the connection has failed, the error that it failed with.
    public func set(_ option: TCPOption) throws(ConnectionError) {
        try handle.requireLoopThread()
        let descriptor = try handle.openDescriptor
        do { try Socket.set(option, on: descriptor) } catch { throw .option(error) }
    }

    /// The kernel's information about the connection: round-trip time, windows, bytes, retransmissions (TCP_INFO).
    /// Costs a system call.
    ///
    /// - Throws: ``ConnectionError/option(_:)``: EOPNOTSUPP if the socket is not a TCP socket. If the connection has
    ///   failed, the error that it failed with.
    public func information() throws(ConnectionError) -> TCPInformation {
        try handle.requireLoopThread()
        let descriptor = try handle.openDescriptor
        do { return try Socket.information(of: descriptor) } catch { throw .option(error) }
    }
}

extension ConnectionHandle {
    /// The descriptor of a connection that has not failed.
    fileprivate var openDescriptor: Int32 {
        get throws(ConnectionError) {
            try driver.connections[id].lifecycle.requireUnfailed()
            return driver.connections[id].descriptor
        }
    }
}
