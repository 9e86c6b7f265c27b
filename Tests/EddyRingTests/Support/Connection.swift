import EddyRing

// A simulated socket is closed by a test that means to close it, and ends with its network otherwise: one that is
// closed while an operation has it ends the process, which would hide why a test has failed.

/// Two ends of a connection: a descriptor of the ring's, and its peer. They end with the object.
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
