internal import EddyRing
internal import EddySystem

// A receive is told of a reset. Where none is under way nobody is, until bytes are sent or received again, which may be
// never:
//
//     the window is full           the handler, or the other side of a relay, does not take what has come
//     the peer has ended           this side has not, and has nothing to send
//
// So once a second the loop asks the system about all connections of these kinds, in one call, for as long as there are
// any. Connections that receive cost nothing.

extension EventLoop {
    /// Nothing is being received from a connection: it is looked at soon.
    @inline(__always)
    func watchUnread() {
        if unreadTimer.value == .none { startWatchingUnread() }
    }

    @inline(never)
    private func startWatchingUnread() {
        unreadTimer.value = timers.schedule(.watchUnread, at: now + 1_000_000_000)
    }

    func stopWatchingUnread() {
        timers.cancel(unreadTimer.value)
        unreadTimer.value = .none
    }

    /// Tells the connections that have broken.
    func lookAtUnread() {
        unreadTimer.value = .none
        var slots: [UInt32] = []
        connections.forEachOccupied { if mayBreakUnnoticed($0) { slots.append($0) } }
        guard !slots.isEmpty else { return }
        watchUnread()
        for (index, error) in ring.takeErrors(of: slots.map { connections[$0].descriptor }) {
            sendingFailed(slots[index], error.code)
        }
    }

    /// Whether nothing is being received from an open connection that could still be reset.
    func mayBreakUnnoticed(_ slot: UInt32) -> Bool {
        !connections[slot].flags.contains(.receiving) && connections[slot].phase == .open
            && !connections[slot].cannotSend && !connections[slot].flags.isSuperset(of: [.peerEnded, .ended])
    }
}
