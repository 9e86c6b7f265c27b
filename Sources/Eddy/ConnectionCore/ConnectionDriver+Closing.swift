// What happens when a connection's owner lets go of it:
//
//     orderly: queue sent ──▶ FIN ──▶ what still comes is read and dropped until the peer's FIN ──┐
//     orderly, while the server shuts down: … ──▶ FIN ──▶ peer has acknowledged everything, and is silent for 500 ms
//     reset after delivery: queue sent ──▶ peer has acknowledged everything ─────────────────────┤
//     reset: ────────────────────────────────────────────────────────────────────────────────────┤
//     any failure, or the close timeout (in order where only silence is waited for): ─────────────┤
//                                                                                                ▼
//                               cancel what is in flight ──▶ every last completion ──▶ close, vacate the slot
//
// A close with unread input would make the kernel send a reset, which can destroy the reply on its way to the peer
// (RFC 1122, 4.2.2.13; RFC 2525, 2.17). That is why an orderly close reads on.

extension ConnectionDriver {
    /// The connection's owner is gone.
    func beginClosing(_ id: ConnectionID) {
        connections[id].phase = .closing
        // The peer's end is waited for, whoever was cancelled. What a broken connection still holds is not.
        connections[id].flags.subtract([.readingCancelled, .receivesOn])
        // An iterator of its chunks may wait elsewhere.
        resumeReader(id)
        resumeWriter(id)
        slices.removeAll(of: &connections[id].inbound)
        // What could not be sent is missing: the peer must not take the rest for the whole.
        if connections[id].cannotSend { connections[id].ending = .reset }
        continueClosing(id)
        // Still there: it has to wait for its peer, and gets a limit.
        if connections[id].phase == .closing { limitClosing(id, progress: 0) }
    }

    private func limitClosing(_ id: ConnectionID, progress: UInt64) {
        deadlines[makeDeadlines(id)].progress = progress
        setTimer(of: id, at: now.advanced(by: configuration.closeTimeout))
    }

    /// Goes as far towards the end as is possible now.
    func continueClosing(_ id: ConnectionID) {
        guard connections[id].phase == .closing else { return }
        guard connections[id].ending != .reset, !connections[id].hasFailed,
            !connections[id].flags.contains(.delivered)
        else { return finishClosing(id) }
        // A peer that still sends may take what is left only when it has been heard.
        armReceive(id)
        guard connections[id].outbound.isEmpty else { return }
        switch connections[id].ending {
        case .orderly: closeInOrder(id)
        case .resetAfterDelivery: awaitDelivery(id)
        case .reset: break
        }
    }

    private func closeInOrder(_ id: ConnectionID) {
        if connections[id].flags.contains(.peerEnded) { return finishClosing(id) }
        if !connections[id].flags.contains(.ended) {
            connections[id].flags.insert(.ended)
            ring.shutdownWrite(connections[id].descriptor)
        }
        // A peer that keeps its connections for later may not close for long.
        if connections[id].flags.contains(.draining) { awaitDelivery(id) }
    }

    /// An operation of a connection that is on its way out has ended.
    func continueEnding(_ id: ConnectionID) {
        switch connections[id].phase {
        case .closing: continueClosing(id)
        case .broken: closeDescriptor(id)
        case .detaching where connections[id].operations == 0: resumeReader(id)
        default: break
        }
    }

    /// Ends what is in flight; closes the descriptor and vacates the slot when nothing is.
    private func finishClosing(_ id: ConnectionID) {
        guard closeDescriptor(id) else { return }
        slices.removeAll(of: &connections[id].inbound)
        vacate(id)
    }

    /// Closes the descriptor when nothing is in flight, and drops what was to be sent. Cancels what is, which makes it a
    /// reset.
    ///
    /// - Returns: whether the descriptor is closed.
    @discardableResult
    func closeDescriptor(_ id: ConnectionID) -> Bool {
        guard connections[id].operations == 0 else {
            // One that is closed in order although its peer has not ended has nothing to lose.
            if !connections[id].flags.contains(.delivered) { connections[id].ending = .reset }
            cancelOperations(id)
            return false
        }
        guard connections[id].descriptor >= 0 else { return true }
        slices.removeAll(of: &connections[id].outbound)
        if connections[id].ending != .orderly, !connections[id].flags.isSuperset(of: [.peerEnded, .ended]) {
            ring.resetOnClose(connections[id].descriptor)
        }
        ring.close(connections[id].descriptor)
        connections[id].descriptor = -1
        leaveQueues(id)
        return true
    }

    private func cancelOperations(_ id: ConnectionID) {
        cancelReceive(id)
        let ends: ConnectionState.Flags = [.sendingInline, .cancellingSend]
        guard connections[id].isSending, connections[id].flags.isDisjoint(with: ends) else { return }
        connections[id].flags.insert(.cancellingSend)
        submit(.cancel(sendToken(id), token: OperationToken(.cancel, id)))
    }

    /// Resets the connection, unless its peer is taking what was written: slow is not dead.
    func closeTimedOut(_ id: ConnectionID) {
        if hasUndeliveredBytes(id) {
            let progress = ring.deliveryProgress(connections[id].descriptor)
            if let index = connections[id].deadlines, progress != deadlines[index].progress {
                return limitClosing(id, progress: progress)
            }
        }
        if endIfDelivered(id) { return }
        connections[id].ending = .reset
        continueClosing(id)
    }

    /// Ends a connection in order that only waits for its peer's silence; false where it waits for something else.
    func endIfDelivered(_ id: ConnectionID) -> Bool {
        guard connections[id].phase == .closing, connections[id].ending == .orderly,
            let index = connections[id].deadlines,
            deadlines[index].deliveredSince != ConnectionDeadlines.never
        else { return false }
        connections[id].flags.insert(.delivered)
        finishClosing(id)
        return true
    }

    private func hasUndeliveredBytes(_ id: ConnectionID) -> Bool {
        !connections[id].outbound.isEmpty || ring.unacknowledgedBytes(connections[id].descriptor) ?? 0 > 0
    }

    /// Whether the connection is being closed, and not reset.
    func isEnding(_ id: ConnectionID) -> Bool {
        connections[id].phase == .closing && connections[id].ending != .reset
    }

    // MARK: After delivery

    private func awaitDelivery(_ id: ConnectionID) {
        guard !connections[id].flags.contains(.awaitingDelivery) else { return }
        connections[id].flags.insert(.awaitingDelivery)
        checkDelivery(id)
    }

    /// Ends the connection, with a reset or in order, once the peer's system has acknowledged all that was sent; until
    /// then looks again, after 1, 2, 4 … 64 ms. The close timeout ends it in any case.
    func checkDelivery(_ id: ConnectionID) {
        guard connections[id].phase == .closing, connections[id].ending != .reset else { return }
        guard hasEverything(id) else {
            let index = makeDeadlines(id)
            let delay = UInt64(1_000_000) << min(deadlines[index].deliveryAttempt, 6)
            deadlines[index].deliveryAttempt += 1
            deadlines[index].deliveryTimer = timers.schedule(.delivery(id), at: now + delay)
            return
        }
        if connections[id].ending == .orderly {
            finishWhenSilent(id)
        } else {
            connections[id].ending = .reset
            finishClosing(id)
        }
    }

    /// Whether nothing of what was sent would be lost if the connection ended as it is to end.
    private func hasEverything(_ id: ConnectionID) -> Bool {
        let descriptor = connections[id].descriptor
        // A reset would overtake the end of the stream.
        guard connections[id].ending == .orderly else { return ring.unacknowledgedBytes(descriptor) ?? 0 == 0 }
        // What was sent to a Unix domain socket lies in the peer's socket, and stays there until it is read.
        return ring.localAddress(of: descriptor)?.isUnix ?? false || isAcknowledged(id)
    }

    /// Whether the peer's system has everything that was sent, but perhaps for the end of the stream: that counts as a byte,
    /// and the system goes on to send it by itself.
    func isAcknowledged(_ id: ConnectionID) -> Bool {
        let bytes = ring.unacknowledgedBytes(connections[id].descriptor) ?? 0
        return bytes <= (connections[id].flags.contains(.ended) ? 1 : 0)
    }

    /// Ends a connection in order whose peer has everything, and has not ended. What the peer had sent before it learned of
    /// the end may still arrive, and would be answered with a reset if the socket were closed: so the socket is closed when
    /// nothing has arrived for a while. What arrives is dropped.
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
            connections[id].flags.insert(.delivered)
            finishClosing(id)
        }
    }

    /// Longer than what is sent is on its way, and short beside a server's grace.
    static let silenceBeforeClose: UInt64 = 500_000_000

    // MARK: Failure

    /// Breaks the connection: whoever waits for it is told, and its peer sees a reset. Its slot is vacated now if its
    /// owner is gone, and otherwise as soon as that lets go of it.
    func reset(_ id: ConnectionID, failure: Int32) {
        connections[id].ending = .reset
        fail(id, failure)
        continueClosing(id)
    }

    /// Nothing can be sent any more. The system keeps what was received before a reset until it is read (tcp(7) does not
    /// say so; recv(2) returns it first and the error afterwards), so the connection is broken only when that has been
    /// received. Whoever waits to write is told now.
    func sendingFailed(_ id: ConnectionID, _ failure: Int32) {
        guard !connections[id].cannotSend else { return }
        guard connections[id].phase == .open, connections[id].flags.isDisjoint(with: Self.receivingEnds) else {
            return fail(id, failure)
        }
        connections[id].failure = failure
        connections[id].flags.insert(.receivesOn)
        if !connections[id].isSending { slices.removeAll(of: &connections[id].outbound) }
        resumeWriter(id)
        if connections[id].isRelaying { limitRelaying(from: id) }
        // A multishot receive that has taken the last bytes waits to be woken once more, and a dead socket wakes nobody:
        // single ones come to the end.
        cancelReceive(id)
        armReceive(id)
    }

    /// Flags with which nothing more is received.
    private static var receivingEnds: ConnectionState.Flags { [.peerEnded, .readingEnded, .readingCancelled] }

    /// The connection is broken: whoever waits for it is told, and its descriptor is closed with a reset, whatever its
    /// owner waits for meanwhile. The first failure is the one that counts.
    func fail(_ id: ConnectionID, _ failure: Int32) {
        guard !connections[id].hasFailed else { return }
        if !connections[id].cannotSend { connections[id].failure = failure }
        connections[id].flags.remove(.receivesOn)
        // Also of a connection that is being closed, if something is left: its peer must not take a part for the whole.
        if connections[id].phase == .open || !connections[id].outbound.isEmpty { connections[id].ending = .reset }
        if let connector = connections[id].connector { unsafe delegate?.connectionFailed(failure, of: connector) }
        if connections[id].isRelaying { relayFailed(id) }
        resumeReader(id)
        resumeWriter(id)
        if connections[id].phase == .open {
            connections[id].phase = .broken
            closeDescriptor(id)
        }
    }

    // MARK: The loop's end

    /// Fails every connection: the loop ends.
    func failAll() {
        connections.forEachConnection { fail($0, ConnectionError.shutDownCode) }
    }

    /// Resets every connection, also those whose owners have not released them.
    func closeAll() {
        connections.forEachConnection { id in
            connections[id].ending = .reset
            if connections[id].isHeld { connections[id].phase = .closing }
            continueClosing(id)
        }
    }
}
