internal import CLiburing
internal import Glibc

extension SocketAddress {
    /// Whether a connection to `target` reaches a socket that listens on this address: both are equal, or this one is
    /// unspecified and `target` is an address of this machine. Performs system calls only if the ports are equal.
    ///
    /// Addresses that NAT translates are not recognised.
    package func listens(for target: SocketAddress) -> Bool {
        let (own, target) = (unmapped, target.unmapped.isUnspecified ? target.unmapped.loopback : target.unmapped)
        guard !own.isUnix, !target.isUnix else { return own == target }
        guard own.port == target.port else { return false }
        return own.host == target.host || own.isUnspecified && Socket.isLocal(target)
    }

    /// The address that a connect to an unspecified address reaches (ip(7), RFC 4291, 2.5.2).
    private var loopback: SocketAddress {
        isIPv6 ? SocketAddress(host: .ipv6(upper: 0, lower: 1, scope: 0), port: port) : .loopback(port: port)
    }
}

extension Socket {
    /// Whether an address belongs to this machine, so that a socket can be bound to it.
    static func isLocal(_ address: SocketAddress) -> Bool {
        guard let descriptor = try? openStream(for: address) else { return false }
        defer { close(descriptor) }
        return (try? bind(descriptor, to: address.withPort(0))) != nil
    }
}
