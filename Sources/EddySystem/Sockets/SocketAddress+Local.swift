internal import CLiburing
internal import Glibc

extension SocketAddress {
    /// Whether whoever connects to `target` comes to a socket that listens here: it is the same address, or this one stands
    /// for all of this machine's and `target` is one of them. Asks the system only where the ports are the same.
    ///
    /// Addresses that are translated on the way (NAT) are not known to be the same.
    package func listens(for target: SocketAddress) -> Bool {
        let (own, target) = (unmapped, target.unmapped.isUnspecified ? target.unmapped.loopback : target.unmapped)
        guard !own.isUnix, !target.isUnix else { return own == target }
        guard own.port == target.port else { return false }
        return own.host == target.host || own.isUnspecified && Socket.isLocal(target)
    }

    /// What a connect to an unspecified address comes to (ip(7), RFC 4291, 2.5.2).
    private var loopback: SocketAddress {
        isIPv6 ? SocketAddress(host: .ipv6(upper: 0, lower: 1, scope: 0), port: port) : .loopback(port: port)
    }
}

extension Socket {
    /// Whether an address is one of this machine's: a socket can be bound to it.
    static func isLocal(_ address: SocketAddress) -> Bool {
        guard let descriptor = try? openStream(for: address) else { return false }
        defer { close(descriptor) }
        return (try? bind(descriptor, to: address.withPort(0))) != nil
    }
}
