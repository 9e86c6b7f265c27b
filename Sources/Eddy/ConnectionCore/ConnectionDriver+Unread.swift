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

extension ConnectionDriver {
    /// Nothing is being received from a connection: it is looked at soon.
    @inline(__always)
    func watchUnread() {
        if unreadTimer.value == nil { startWatchingUnread() }
    }

    @inline(never)
    private func startWatchingUnread() {
        unreadTimer.value = timers.schedule(.watchUnread, at: now + 1_000_000_000)
    }

    func stopWatchingUnread() {
        timers.cancel(unreadTimer.value)
        unreadTimer.value = nil
    }

    /// Tells the connections that have broken.
    func lookAtUnread() {
        unreadTimer.value = nil
        var ids: [ConnectionID] = []
        connections.forEachConnection { if connections[$0].mayBreakUnnoticed { ids.append($0) } }
        guard !ids.isEmpty else { return }
        watchUnread()
        for (index, error) in ring.takeErrors(of: ids.map { connections[$0].descriptor }) {
            sendingFailed(ids[index], error.code)
        }
    }
}
