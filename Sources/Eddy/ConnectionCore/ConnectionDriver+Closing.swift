internal import EddyBuffers
internal import EddyRing
internal import EddySystem

// How a connection ends after its owner has released it:
//
//     graceful: queue sent ──▶ FIN ──▶ read and drop input until the peer's FIN ──────────────────┐
//     graceful, while the server shuts down: … ──▶ FIN ──▶ peer has acknowledged everything, and is silent for 500 ms
//     reset after flush: queue sent ──▶ peer has acknowledged everything ─────────────────────────┤
//     reset: ─────────────────────────────────────────────────────────────────────────────────────┤
//     any failure, or the close timeout (graceful if only silence is awaited): ───────────────────┤
//                                                                                                 ▼
//                               cancel operations in flight ──▶ every last completion ──▶ close, vacate the slot
//
// If a socket is closed with unread input, the kernel sends a reset, which can destroy the reply on its way to the peer
// (RFC 1122, 4.2.2.13; RFC 2525, 2.17). A graceful close therefore reads to EOF.

extension ConnectionDriver {
    /// Begins the close of a connection whose owner has released it.
    func beginClosing(_ id: ConnectionID) {
        perform(connections[id].beginClosing(), on: id)
        // The peer must not mistake the close of a transformed stream for a truncation.
        if connections[id].transform == .ready, connections[id].lifecycle.ending == .graceful { endWriting(id) }
        continueClosing(id)
        // The connection still waits for its peer: set the close timeout.
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
            // A peer that is still sending may not take the remaining bytes until its own have been read.
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

    /// Cancels the operations in flight. If there are none, closes the descriptor and vacates the slot.
    private func finishClosing(_ id: ConnectionID) {
        guard closeDescriptor(id) else { return }
        slices.removeAll(of: &connections[id].receiving.queue)
        vacate(id)
    }

    /// Closes the descriptor if no operation is in flight, and drops the queued bytes. Otherwise cancels the operations
    /// in flight, which makes the close a reset.
    ///
    /// - Returns: whether the descriptor is closed.
    @discardableResult
    func closeDescriptor(_ id: ConnectionID) -> Bool {
        guard connections[id].isIdle else {
            // A graceful close that the peer has not answered with FIN loses nothing once delivery is complete.
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

    /// Resets the connection at the close timeout. A slow peer is not a dead one: extend the deadline while bytes are
    /// acknowledged.
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

    /// Ends the connection, by a reset or gracefully, once the peer's system has acknowledged all sent bytes. Until
    /// then it checks again after 1, 2, 4 … 64 ms. The close timeout ends the connection in any case.
    func checkDelivery(_ id: ConnectionID) {
        guard connections[id].isFinishing else { return }
        guard hasEverything(id) else {
            let index = makeDeadlines(id)
            let delay = UInt64(1_000_000) << min(deadlines[index].deliveryAttempt, 6)
            deadlines[index].deliveryAttempt += 1
            deadlines[index].deliveryTimer = timers.schedule(.delivery(id), at: now.advanced(byNanoseconds: delay))
            return
        }
        if connections[id].lifecycle.ending == .graceful {
            finishWhenSilent(id)
        } else {
            connections[id].lifecycle.end(.reset)
            finishClosing(id)
        }
    }

    /// Whether the connection's pending ending would lose none of the sent bytes.
    private func hasEverything(_ id: ConnectionID) -> Bool {
        let descriptor = connections[id].descriptor
        // A reset would overtake FIN.
        guard connections[id].lifecycle.ending == .graceful else {
            return ring.unacknowledgedBytes(descriptor) ?? 0 == 0
        }
        // Bytes sent to a Unix domain socket are in the peer's socket, and stay there until the peer reads them.
        return ring.localAddress(of: descriptor)?.isUnix ?? false || isAcknowledged(id)
    }

    /// Whether the peer's system has acknowledged every sent byte. FIN may be outstanding: it counts as a byte, and the
    /// system retransmits it without help.
    func isAcknowledged(_ id: ConnectionID) -> Bool {
        let bytes = ring.unacknowledgedBytes(connections[id].descriptor) ?? 0
        return bytes <= (connections[id].sending.output == .finSent ? 1 : 0)
    }

    /// Gracefully ends a connection whose peer has received everything but has not sent FIN. Bytes that the peer sent
    /// before it learned of the close may still arrive, and a closed socket would answer them with a reset. So the
    /// socket is closed only after nothing has arrived for a while. Arriving bytes are dropped.
    private func finishWhenSilent(_ id: ConnectionID) {
        let index = makeDeadlines(id)
        let deliveredSince = deadlines[index].deliveredSince ?? now
        deadlines[index].deliveredSince = deliveredSince
        let silentSince = max(deliveredSince, deadlines[index].lastActivity)
        var end = silentSince.advanced(by: Self.silenceBeforeClose)
        // Without memory the loop receives nothing. The close timeout ends the connection in any case.
        if ring.bytesToReceive(connections[id].descriptor) > 0 {
            end = max(end, now.advanced(by: Self.silenceBeforeClose))
        }
        if now < end {
            deadlines[index].deliveryTimer = timers.schedule(.delivery(id), at: end)
        } else {
            connections[id].lifecycle.delivered()
            finishClosing(id)
        }
    }

    /// Gracefully ends a connection that only waits for its peer's silence; returns false if it waits for something
    /// else.
    func endIfDelivered(_ id: ConnectionID) -> Bool {
        guard connections[id].lifecycle.phase == .closing, connections[id].lifecycle.ending == .graceful,
            let index = connections[id].deadlines, deadlines[index].deliveredSince != nil
        else { return false }
        connections[id].lifecycle.delivered()
        finishClosing(id)
        return true
    }

    /// Longer than bytes are in transit, and short compared with a server's grace period.
    static let silenceBeforeClose = Duration.milliseconds(500)

    // MARK: Shutdown of the loop

    /// Fails every connection, because the loop ends.
    func failAll() {
        connections.forEachConnection { fail($0, ConnectionError.shutDownCode) }
    }

    /// Resets every connection, including those that their owners have not released.
    func closeAll() {
        connections.forEachConnection { id in
            connections[id].lifecycle.end(.reset)
            if connections[id].lifecycle.isHeld { connections[id].lifecycle.move(to: .closing) }
            continueClosing(id)
        }
    }
}
