/// An address of the network: IPv4 or IPv6, with a port.
///
/// ```swift
/// let address = try SocketAddress("127.0.0.1:7000")
/// ```
public struct SocketAddress: Hashable, Sendable {
    /// The kinds of address, with their bytes in the order of the network.
    enum Host: Hashable, Sendable {
        case ipv4(UInt32)
        /// The address's halves, most significant first, and the interface of a link-local address (or 0).
        case ipv6(upper: UInt64, lower: UInt64, scope: UInt32)
    }

    let host: Host
    /// 0 to 65,535; for listening, 0 has the system pick a free one.
    public let port: UInt16

    init(host: Host, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// 127.0.0.1, this machine alone.
    public static func loopback(port: UInt16) -> SocketAddress {
        SocketAddress(host: .ipv4(0x7F00_0001), port: port)
    }

    /// The same host with another port.
    public func withPort(_ port: UInt16) -> SocketAddress {
        SocketAddress(host: host, port: port)
    }
}
