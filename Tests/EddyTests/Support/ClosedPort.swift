import EddyRing

/// A port that refuses every connection: it is taken, so that nobody else gets it meanwhile, but nobody listens.
final class ClosedPort: Sendable {
    let address: SocketAddress
    private let descriptor: Int32

    init() throws {
        descriptor = try Socket.openStream(for: .loopback(port: 0))
        try Socket.bind(descriptor, to: .loopback(port: 0))
        address = Socket.localAddress(of: descriptor)!
    }

    deinit { Socket.close(descriptor) }
}
