import EddyRing

// A test closes a simulated socket only if closing is part of the test; otherwise the socket ends with its network.
// Closing it while an operation uses it ends the process, which would hide why a test failed.

/// Two ends of a connection: a descriptor of the ring's, and its peer. They are closed with the object.
final class Connection {
    let near: Int32
    let far: any FarEnd
    private let ring: Ring
    private var isNearOpen = true

    init(near: Int32, far: any FarEnd, ring: Ring) {
        self.near = near
        self.far = far
        self.ring = ring
    }

    deinit {
        if ring.kind != .simulated { closeNear() }
    }

    func closeNear() {
        if isNearOpen { ring.close(near) }
        isNearOpen = false
    }
}
