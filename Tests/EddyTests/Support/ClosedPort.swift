import EddySystem

/// A port that refuses every connection: a socket is bound to it, so that no other process gets it, but does not
/// listen.
final class ClosedPort: Sendable {
    let address: SocketAddress
    private let descriptor: Int32

    init(on loopback: SocketAddress = .loopback(port: 0)) throws {
        descriptor = try Socket.openStream(for: loopback)
        try Socket.bind(descriptor, to: loopback)
        address = Socket.localAddress(of: descriptor)!
    }

    deinit { Socket.close(descriptor) }
}
