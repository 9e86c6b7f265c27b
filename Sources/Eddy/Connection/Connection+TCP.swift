public import EddyRing

extension Connection {
    /// This side's address, an IPv4 one also when the server's socket is of IPv6; nil when the system no longer knows
    /// it.
    public var localAddress: SocketAddress? {
        loop.requireLoopThread()
        return loop.ring.localAddress(of: loop.connections[slot].descriptor)?.unmapped
    }

    /// The peer's address, an IPv4 one also when the server's socket is of IPv6; nil when the connection is broken.
    public var remoteAddress: SocketAddress? {
        loop.requireLoopThread()
        return loop.ring.remoteAddress(of: loop.connections[slot].descriptor)?.unmapped
    }

    /// Sets an option of the socket.
    ///
    /// - Throws: ``ConnectionError/system(_:)``: EINVAL for a value that the system does not take, EOPNOTSUPP on a
    ///   socket that is not TCP's.
    public func set(_ option: TCPOption) throws(ConnectionError) {
        loop.requireLoopThread()
        do { try Socket.set(option, on: loop.connections[slot].descriptor) } catch { throw .system(error) }
    }

    /// What the system knows of the connection: round-trip time, windows, bytes, retransmissions (TCP_INFO). It costs a
    /// system call.
    ///
    /// - Throws: ``ConnectionError/system(_:)``: EOPNOTSUPP on a socket that is not TCP's.
    public func information() throws(ConnectionError) -> TCPInformation {
        loop.requireLoopThread()
        do { return try Socket.information(of: loop.connections[slot].descriptor) } catch { throw .system(error) }
    }
}
