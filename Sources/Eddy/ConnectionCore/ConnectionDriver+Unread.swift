internal import EddyRing
internal import EddySystem

// A reset completes the receive in flight. Without a receive in flight, the loop notices a reset only at the next send
// or receive, which may never come:
//
//     the window is full           the handler, or the other side of a relay, does not take the received bytes
//     the peer has sent FIN        this side has not, and has nothing to send
//
// So once a second the loop asks the system about all connections of these kinds, in one call, for as long as there are
// any. Connections that receive cost nothing.

extension ConnectionDriver {
    /// Starts the timer that checks connections without a receive in flight.
    @inline(__always)
    func watchUnread() {
        if unreadTimer.value == nil { startWatchingUnread() }
    }

    @inline(never)
    private func startWatchingUnread() {
        unreadTimer.value = timers.schedule(.watchUnread, at: now.advanced(by: .seconds(1)))
    }

    func stopWatchingUnread() {
        timers.cancel(unreadTimer.value)
        unreadTimer.value = nil
    }

    /// Fails the connections that the system reports as reset.
    func checkUnread() {
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
