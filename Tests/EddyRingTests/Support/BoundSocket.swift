import EddyRing
import EddySystem

/// A socket of the ring's that has an address. It is closed with the object.
final class BoundSocket {
    let descriptor: Int32
    let address: SocketAddress
    private let ring: Ring

    init(descriptor: Int32, address: SocketAddress, ring: Ring) {
        self.descriptor = descriptor
        self.address = address
        self.ring = ring
    }

    // See `Connection`.
    deinit {
        if ring.kind != .simulated { ring.close(descriptor) }
    }
}
