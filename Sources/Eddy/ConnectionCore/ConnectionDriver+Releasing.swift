internal import EddyRing

// How a connection's owner lets go of it: by dropping it, wherever that happens, or by failing.

extension ConnectionDriver {
    /// The owner of a connection is gone.
    func release(_ id: ConnectionID) {
        // A loop that ends closes connections before their owners let go of them.
        guard connections[id].isHeld else { return }
        connections[id].phase = .released
        closeQueue.append(id)
    }

    /// Closes what was released. Not earlier: a handler that throws lets go of its connection first, and only then
    /// is it known that the connection must not look as if it had ended well.
    func closeReleased() {
        while let id = closeQueue.popFirst() { beginClosing(id) }
    }

    /// The peer of a connection whose owner may have let go of it; nil when its socket is closed.
    func peer(of id: ConnectionID) -> SocketAddress? {
        guard connections.isCurrent(id), connections[id].descriptor >= 0 else { return nil }
        return ring.remoteAddress(of: connections[id].descriptor)?.unmapped
    }

    /// The connection's owner has failed: its peer is told by a reset, after what was written has been delivered.
    func abandon(_ id: ConnectionID) {
        guard connections.isCurrent(id) else { return }
        connections[id].ending = max(connections[id].ending, .resetAfterDelivery)
    }
}
