internal import EddyRing
public import EddySystem

extension Connection {
    /// This side's address, an IPv4 one also when the server's socket is of IPv6; nil when the connection is broken.
    public var localAddress: SocketAddress? {
        guard loop.isCurrent, let descriptor = try? loop.openDescriptor(of: slot) else { return nil }
        return loop.ring.localAddress(of: descriptor)?.unmapped
    }

    /// The peer's address, an IPv4 one also when the server's socket is of IPv6; nil when the connection is broken.
    public var remoteAddress: SocketAddress? {
        guard loop.isCurrent, let descriptor = try? loop.openDescriptor(of: slot) else { return nil }
        return loop.ring.remoteAddress(of: descriptor)?.unmapped
    }

    /// Which process, of which user, is the peer on a Unix domain socket, when it connected; nil for TCP, and when the
    /// connection is broken. It costs a system call.
    public var peerCredentials: PeerCredentials? {
        guard loop.isCurrent, let descriptor = try? loop.openDescriptor(of: slot) else { return nil }
        return loop.ring.peerCredentials(of: descriptor)
    }

    /// Sets an option of the socket.
    ///
    /// - Throws: ``ConnectionError/option(_:)``: EINVAL for a value that the system does not take, EOPNOTSUPP on a
    ///   socket that is not TCP's. The connection is as it was before. When it is broken, why that is.
    public func set(_ option: TCPOption) throws(ConnectionError) {
        try loop.requireLoopThread(for: slot)
        let descriptor = try loop.openDescriptor(of: slot)
        do { try Socket.set(option, on: descriptor) } catch { throw .option(error) }
    }

    /// What the system knows of the connection: round-trip time, windows, bytes, retransmissions (TCP_INFO). It costs a
    /// system call.
    ///
    /// - Throws: ``ConnectionError/option(_:)``: EOPNOTSUPP on a socket that is not TCP's. When the connection is
    ///   broken, why that is.
    public func information() throws(ConnectionError) -> TCPInformation {
        try loop.requireLoopThread(for: slot)
        let descriptor = try loop.openDescriptor(of: slot)
        do { return try Socket.information(of: descriptor) } catch { throw .option(error) }
    }
}

extension EventLoop {
    /// The descriptor of a connection that is not broken.
    fileprivate func openDescriptor(of slot: UInt32) throws(ConnectionError) -> Int32 {
        guard !connections[slot].hasFailed else { throw ConnectionError(failure: connections[slot].failure) }
        return connections[slot].descriptor
    }
}
