internal import EddyBuffers
internal import EddyRing
internal import EddySystem

// What happens when a connection's owner releases it:
//
//     graceful: queue sent ──▶ FIN ──▶ what still comes is read and dropped until the peer's FIN ──┐
//     graceful, while the server shuts down: … ──▶ FIN ──▶ peer has acknowledged everything, and is silent for 500 ms
//     reset after flush: queue sent ──▶ peer has acknowledged everything ─────────────────────────┤
//     reset: ─────────────────────────────────────────────────────────────────────────────────────┤
//     any failure, or the close timeout (gracefully where only silence is waited for): ────────────┤
//                                                                                                 ▼
//                               cancel what is in flight ──▶ every last completion ──▶ close, vacate the slot
//
// A close with unread input would make the kernel send a reset, which can destroy the reply on its way to the peer
// (RFC 1122, 4.2.2.13; RFC 2525, 2.17). That is why a graceful close reads to the end.

extension ConnectionDriver {
    /// The connection's owner is gone.
    func beginClosing(_ id: ConnectionID) {
        perform(connections[id].beginClosing(), on: id)
        // The peer of a transformed stream must not take a close for a stream that was cut off.
        if connections[id].transform == .ready, connections[id].lifecycle.ending == .graceful { endWriting(id) }
        continueClosing(id)
        // Still there: it has to wait for its peer, and gets a limit.
        if connections[id].lifecycle.phase == .closing { limitClosing(id, progress: 0) }
    }

    private func limitClosing(_ id: ConnectionID, progress: UInt64) {
        deadlines[makeDeadlines(id)].progress = progress
        setTimer(of: id, at: now.advanced(by: configuration.closeTimeout))
    }

    /// Advances the close as far as possible.
    func continueClosing(_ id: ConnectionID) {
        let step = connections[id].closingStep()
        switch step {
        case .none: return
        case .finish: return finishClosing(id)
        case .wait, .awaitPeer, .awaitDelivery:
            // A peer that still sends may take what is left only when it has been heard.
            armReceive(id)
        }
        switch step {
        case .awaitPeer(let sendsEnd, let awaitsDelivery):
            if sendsEnd { ring.shutdownWrite(connections[id].descriptor) }
            if awaitsDelivery { checkDelivery(id) }
        case .awaitDelivery: checkDelivery(id)
        case .none, .wait, .finish: break
        }
    }

    /// Ends what is in flight; closes the descriptor and vacates the slot when nothing is.
    private func finishClosing(_ id: ConnectionID) {
        guard closeDescriptor(id) else { return }
        slices.removeAll(of: &connections[id].receiving.queue)
        vacate(id)
    }

    /// Closes the descriptor when nothing is in flight, and drops what was to be sent. Cancels what is, which makes it a
    /// reset.
    ///
    /// - Returns: whether the descriptor is closed.
    @discardableResult
    func closeDescriptor(_ id: ConnectionID) -> Bool {
        guard connections[id].isIdle else {
            // One that is closed gracefully although its peer has not ended has nothing to lose.
            if connections[id].lifecycle.delivery != .complete { connections[id].lifecycle.end(.reset) }
            cancelOperations(id)
            return false
        }
        guard connections[id].descriptor >= 0 else { return true }
        assert(!connections[id].sending.isInFlight && !connections[id].receiving.isArmed, "an idle connection is quiet")
        slices.removeAll(of: &connections[id].sending.queue)
        if connections[id].lifecycle.ending != .graceful, !connections[id].hasEndedBothWays {
            ring.resetOnClose(connections[id].descriptor)
        }
        ring.close(connections[id].descriptor)
        connections[id].descriptor = -1
        leaveQueues(id)
        return true
    }

    private func cancelOperations(_ id: ConnectionID) {
        cancelReceive(id)
        if let flight = connections[id].sending.cancel() {
            submit(.cancel(token(of: flight, id), token: OperationToken(.cancel, id)))
        }
    }

    // MARK: The close timeout

    /// Resets the connection. A slow peer is not a dead one: the deadline is extended while bytes are acknowledged.
    func closeTimedOut(_ id: ConnectionID) {
        if hasUndeliveredBytes(id) {
            let progress = ring.deliveryProgress(connections[id].descriptor)
            if let index = connections[id].deadlines, progress != deadlines[index].progress {
                return limitClosing(id, progress: progress)
            }
        }
        if endIfDelivered(id) { return }
        connections[id].lifecycle.end(.reset)
        continueClosing(id)
    }

    private func hasUndeliveredBytes(_ id: ConnectionID) -> Bool {
        !connections[id].sending.queue.isEmpty || ring.unacknowledgedBytes(connections[id].descriptor) ?? 0 > 0
    }

    // MARK: Delivery

    /// Ends the connection, with a reset or gracefully, once the peer's system has acknowledged all that was sent; until
    /// then asks again, after 1, 2, 4 … 64 ms. The close timeout ends it in any case.
    func checkDelivery(_ id: ConnectionID) {
        guard connections[id].isFinishing else { return }
        guard hasEverything(id) else {
            let index = makeDeadlines(id)
            let delay = UInt64(1_000_000) << min(deadlines[index].deliveryAttempt, 6)
            deadlines[index].deliveryAttempt += 1
            deadlines[index].deliveryTimer = timers.schedule(.delivery(id), at: now + delay)
            return
        }
        if connections[id].lifecycle.ending == .graceful {
            finishWhenSilent(id)
        } else {
            connections[id].lifecycle.end(.reset)
            finishClosing(id)
        }
    }

    /// Whether nothing of what was sent would be lost if the connection ended as it is to end.
    private func hasEverything(_ id: ConnectionID) -> Bool {
        let descriptor = connections[id].descriptor
        // A reset would overtake FIN.
        guard connections[id].lifecycle.ending == .graceful else {
            return ring.unacknowledgedBytes(descriptor) ?? 0 == 0
        }
        // What was sent to a Unix domain socket lies in the peer's socket, and stays there until it is read.
        return ring.localAddress(of: descriptor)?.isUnix ?? false || isAcknowledged(id)
    }

    /// Whether the peer's system has everything that was sent, but perhaps for FIN: that counts as a byte, and the system
    /// sends it by itself.
    func isAcknowledged(_ id: ConnectionID) -> Bool {
        let bytes = ring.unacknowledgedBytes(connections[id].descriptor) ?? 0
        return bytes <= (connections[id].sending.output == .finSent ? 1 : 0)
    }

    /// Ends a connection gracefully whose peer has everything, and has not ended. What the peer had sent before it learned
    /// of the end may still arrive, and would be answered with a reset if the socket were closed: so the socket is closed
    /// when nothing has arrived for a while. What arrives is dropped.
    private func finishWhenSilent(_ id: ConnectionID) {
        let index = makeDeadlines(id)
        deadlines[index].deliveredSince = min(deadlines[index].deliveredSince, now)
        let silentSince = max(deadlines[index].deliveredSince, deadlines[index].lastActivity)
        var end = silentSince + Self.silenceBeforeClose
        // Without memory nothing is received. The close timeout ends this in any case.
        if ring.bytesToReceive(connections[id].descriptor) > 0 { end = max(end, now + Self.silenceBeforeClose) }
        if now < end {
            deadlines[index].deliveryTimer = timers.schedule(.delivery(id), at: end)
        } else {
            connections[id].lifecycle.delivered()
            finishClosing(id)
        }
    }

    /// Ends a connection gracefully that only waits for its peer's silence; false where it waits for something else.
    func endIfDelivered(_ id: ConnectionID) -> Bool {
        guard connections[id].lifecycle.phase == .closing, connections[id].lifecycle.ending == .graceful,
            let index = connections[id].deadlines, deadlines[index].deliveredSince != ConnectionDeadlines.never
        else { return false }
        connections[id].lifecycle.delivered()
        finishClosing(id)
        return true
    }

    /// Longer than what is sent is on its way, and short beside a server's grace.
    static let silenceBeforeClose: UInt64 = 500_000_000

    // MARK: The loop's end

    /// Fails every connection: the loop ends.
    func failAll() {
        connections.forEachConnection { fail($0, ConnectionError.shutDownCode) }
    }

    /// Resets every connection, also those whose owners have not released them.
    func closeAll() {
        connections.forEachConnection { id in
            connections[id].lifecycle.end(.reset)
            if connections[id].lifecycle.isHeld { connections[id].lifecycle.move(to: .closing) }
            continueClosing(id)
        }
    }
}
