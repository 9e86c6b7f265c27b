/// The address of a stream socket: an IPv4 or IPv6 address with a port, or a Unix domain socket.
///
/// ```swift
/// let address = try SocketAddress("127.0.0.1:7000")
/// let local = try SocketAddress("unix:/run/service.sock")
/// ```
public struct SocketAddress: Hashable, Sendable {
    /// The kinds of address.
    enum Host: Hashable, Sendable {
        case ipv4(UInt32)
        /// The halves of the address, most significant first, and the interface of a link-local address (or 0).
        case ipv6(upper: UInt64, lower: UInt64, scope: UInt32)
        /// A Unix domain socket: the bytes of its path without the terminating NUL, or a NUL and the name in the
        /// abstract namespace; empty for an unnamed socket (unix(7)).
        case unix([UInt8])
    }

    let host: Host
    /// 0 to 65,535. For listening, 0 makes the system choose a free port. Always 0 for a Unix domain socket.
    public let port: UInt16

    init(host: Host, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// An IPv4 address. Its first byte is the most significant one of `number`.
    package static func ipv4(_ number: UInt32, port: UInt16) -> SocketAddress {
        SocketAddress(host: .ipv4(number), port: port)
    }

    /// 127.0.0.1, which is reachable only from this machine.
    public static func loopback(port: UInt16) -> SocketAddress {
        .ipv4(0x7F00_0001, port: port)
    }

    /// All addresses of this machine: `[::]`, which accepts IPv4 and IPv6, if this machine has IPv6, otherwise
    /// `0.0.0.0`.
    public static func any(port: UInt16) -> SocketAddress {
        SocketAddress(host: Socket.hasIPv6 ? .ipv6(upper: 0, lower: 0, scope: 0) : .ipv4(0), port: port)
    }

    /// The same host with another port. A Unix domain socket has no port, so its address is unchanged.
    public func withPort(_ port: UInt16) -> SocketAddress {
        isUnix ? self : SocketAddress(host: host, port: port)
    }

    // MARK: Kinds

    /// Whether this is the address of a Unix domain socket.
    public var isUnix: Bool {
        if case .unix = host { true } else { false }
    }

    /// Whether this is an IPv6 address.
    public var isIPv6: Bool {
        if case .ipv6 = host { true } else { false }
    }

    /// Whether this address stands for all addresses of this machine: `0.0.0.0` or `[::]`.
    package var isUnspecified: Bool {
        switch host {
        case .ipv4(let address): address == 0
        case .ipv6(let upper, let lower, _): upper == 0 && lower == 0
        case .unix: false
        }
    }

    /// The path of a Unix domain socket with a file; nil for other addresses.
    package var filePath: [UInt8]? {
        guard case .unix(let name) = host, let first = name.first, first != 0 else { return nil }
        return name
    }

    /// The IPv4 address in an IPv4-mapped IPv6 address (`::ffff:192.0.2.1`; RFC 4291, 2.5.5.2), which an IPv4 peer of a
    /// dual-stack socket has. Other addresses are unchanged.
    public var unmapped: SocketAddress {
        guard case .ipv6(upper: 0, let lower, _) = host, lower >> 32 == 0xFFFF else { return self }
        return SocketAddress(host: .ipv4(UInt32(truncatingIfNeeded: lower)), port: port)
    }
}
