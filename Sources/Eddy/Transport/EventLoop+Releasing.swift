internal import EddyRing
internal import EddySystem

// How a connection's owner lets go of it: by dropping it, wherever that happens, or by failing.

extension EventLoop {
    /// The owner of a slot is gone. Any thread: a connection may be dropped wherever its task happens to end.
    func release(_ slot: UInt32) {
        guard isCurrent else {
            // Not accepted when the loop has ended: then it has closed all its connections itself.
            _ = mailbox.post(.work { self.release(slot) })
            return
        }
        // A loop that ends closes connections before their owners let go of them.
        guard connections[slot].isHeld else { return }
        connections[slot].phase = .released
        closeQueue.append(slot)
    }

    /// Closes what was released. Not earlier: a handler that throws lets go of its connection first, and only then
    /// is it known that the connection must not look as if it had ended well.
    func closeReleased() {
        while let slot = closeQueue.popFirst() { beginClosing(slot) }
    }

    /// The peer of a connection whose owner may have let go of it; nil when its socket is closed.
    func peer(of slot: UInt32, generation: UInt32) -> SocketAddress? {
        guard connections.isCurrent(slot, generation: generation), connections[slot].descriptor >= 0 else { return nil }
        return ring.remoteAddress(of: connections[slot].descriptor)?.unmapped
    }

    /// The connection's owner has failed: its peer is told by a reset, after what was written has been delivered.
    func abandon(_ slot: UInt32, generation: UInt32) {
        guard connections.isCurrent(slot, generation: generation) else { return }
        connections[slot].ending = max(connections[slot].ending, .resetAfterDelivery)
    }
}
