internal import EddyRing
public import EddySystem

extension Connection {
    /// This side's address, an IPv4 one also when the server's socket is of IPv6; nil when the connection is broken.
    public var localAddress: SocketAddress? {
        guard loop.isCurrent, let descriptor = try? handle.openDescriptor else { return nil }
        return loop.ring.localAddress(of: descriptor)?.unmapped
    }

    /// The peer's address, an IPv4 one also when the server's socket is of IPv6; nil when the connection is broken.
    public var remoteAddress: SocketAddress? {
        guard loop.isCurrent, let descriptor = try? handle.openDescriptor else { return nil }
        return loop.ring.remoteAddress(of: descriptor)?.unmapped
    }

    /// Which process, of which user, is the peer on a Unix domain socket, when it connected; nil for TCP, and when the
    /// connection is broken. It costs a system call.
    public var peerCredentials: PeerCredentials? {
        guard loop.isCurrent, let descriptor = try? handle.openDescriptor else { return nil }
        return loop.ring.peerCredentials(of: descriptor)
    }

    /// Sets an option of the socket.
    ///
    /// - Throws: ``ConnectionError/option(_:)``: EINVAL for a value that the system does not take, EOPNOTSUPP on a
    ///   socket that is not TCP's. The connection is as it was before. When it is broken, why that is.
    public func set(_ option: TCPOption) throws(ConnectionError) {
        try handle.requireLoopThread()
        let descriptor = try handle.openDescriptor
        do { try Socket.set(option, on: descriptor) } catch { throw .option(error) }
    }

    /// What the system knows of the connection: round-trip time, windows, bytes, retransmissions (TCP_INFO). It costs a
    /// system call.
    ///
    /// - Throws: ``ConnectionError/option(_:)``: EOPNOTSUPP on a socket that is not TCP's. When the connection is
    ///   broken, why that is.
    public func information() throws(ConnectionError) -> TCPInformation {
        try handle.requireLoopThread()
        let descriptor = try handle.openDescriptor
        do { return try Socket.information(of: descriptor) } catch { throw .option(error) }
    }
}

extension ConnectionHandle {
    /// The descriptor of a connection that is not broken.
    fileprivate var openDescriptor: Int32 {
        get throws(ConnectionError) {
            guard !driver.connections[id].lifecycle.hasFailed else {
                throw ConnectionError(failure: driver.connections[id].lifecycle.failure.code)
            }
            return driver.connections[id].descriptor
        }
    }
}
