internal import EddyRing
internal import EddySystem

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

extension EventLoop {
    /// The connection's owner is gone.
    func beginClosing(_ slot: UInt32) {
        connections[slot].phase = .closing
        // The peer's end is waited for, whoever was cancelled. What a broken connection still holds is not.
        connections[slot].flags.subtract([.readingCancelled, .receivesOn])
        // An iterator of its chunks may wait elsewhere.
        resumeReader(slot)
        resumeWriter(slot)
        slices.removeAll(of: &connections[slot].inbound)
        // What could not be sent is missing: the peer must not take the rest for the whole.
        if connections[slot].cannotSend { connections[slot].ending = .reset }
        continueClosing(slot)
        // Still there: it has to wait for its peer, and gets a limit.
        if connections[slot].phase == .closing { limitClosing(slot, progress: 0) }
    }

    private func limitClosing(_ slot: UInt32, progress: UInt64) {
        deadlines[makeDeadlines(slot)].progress = progress
        setTimer(of: slot, at: now.advanced(by: configuration.closeTimeout))
    }

    /// Goes as far towards the end as is possible now.
    func continueClosing(_ slot: UInt32) {
        guard connections[slot].phase == .closing else { return }
        guard connections[slot].ending != .reset, !connections[slot].hasFailed,
            !connections[slot].flags.contains(.delivered)
        else { return finishClosing(slot) }
        // A peer that still sends may take what is left only when it has been heard.
        armReceive(slot)
        guard connections[slot].outbound.isEmpty else { return }
        switch connections[slot].ending {
        case .orderly: closeInOrder(slot)
        case .resetAfterDelivery: awaitDelivery(slot)
        case .reset: break
        }
    }

    private func closeInOrder(_ slot: UInt32) {
        if connections[slot].flags.contains(.peerEnded) { return finishClosing(slot) }
        if !connections[slot].flags.contains(.ended) {
            connections[slot].flags.insert(.ended)
            ring.shutdownWrite(connections[slot].descriptor)
        }
        // A peer that keeps its connections for later may not close for long.
        if connections[slot].flags.contains(.draining) { awaitDelivery(slot) }
    }

    /// Ends what is in flight; closes the descriptor and vacates the slot when nothing is.
    private func finishClosing(_ slot: UInt32) {
        guard closeDescriptor(slot) else { return }
        slices.removeAll(of: &connections[slot].inbound)
        vacate(slot)
    }

    /// Closes the descriptor when nothing is in flight, and drops what was to be sent. Cancels what is, which makes it a
    /// reset.
    ///
    /// - Returns: whether the descriptor is closed.
    @discardableResult
    func closeDescriptor(_ slot: UInt32) -> Bool {
        guard connections[slot].operations == 0 else {
            // One that is closed in order although its peer has not ended has nothing to lose.
            if !connections[slot].flags.contains(.delivered) { connections[slot].ending = .reset }
            cancelOperations(slot)
            return false
        }
        guard connections[slot].descriptor >= 0 else { return true }
        slices.removeAll(of: &connections[slot].outbound)
        if connections[slot].ending != .orderly, !connections[slot].flags.isSuperset(of: [.peerEnded, .ended]) {
            ring.resetOnClose(connections[slot].descriptor)
        }
        ring.close(connections[slot].descriptor)
        connections[slot].descriptor = -1
        leaveQueues(slot)
        return true
    }

    private func cancelOperations(_ slot: UInt32) {
        cancelReceive(slot)
        let ends: ConnectionState.Flags = [.sendingInline, .cancellingSend]
        guard connections[slot].isSending, connections[slot].flags.isDisjoint(with: ends) else { return }
        connections[slot].flags.insert(.cancellingSend)
        submit(.cancel(sendToken(slot), token: token(.cancel, slot)))
    }

    /// Resets the connection, unless its peer is taking what was written: slow is not dead.
    func closeTimedOut(_ slot: UInt32) {
        if hasUndeliveredBytes(slot) {
            let progress = ring.deliveryProgress(connections[slot].descriptor)
            if progress != deadlines[connections[slot].deadlines].progress {
                return limitClosing(slot, progress: progress)
            }
        }
        if endIfDelivered(slot) { return }
        connections[slot].ending = .reset
        continueClosing(slot)
    }

    /// Ends a connection in order that only waits for its peer's silence; false where it waits for something else.
    func endIfDelivered(_ slot: UInt32) -> Bool {
        let index = connections[slot].deadlines
        guard connections[slot].phase == .closing, connections[slot].ending == .orderly, index != SlotIndex.none,
            deadlines[index].deliveredSince != ConnectionDeadlines.never
        else { return false }
        connections[slot].flags.insert(.delivered)
        finishClosing(slot)
        return true
    }

    private func hasUndeliveredBytes(_ slot: UInt32) -> Bool {
        !connections[slot].outbound.isEmpty || ring.unacknowledgedBytes(connections[slot].descriptor) ?? 0 > 0
    }

    /// Closes what handlers that have ended have left behind, such as connections to other servers: those that are being
    /// closed have a moment for it. Resets what is left then, and returns when nothing is left.
    package func closeConnections() async {
        await run {
            self.connections.forEachOccupied { slot in
                if !self.isEnding(slot) { self.reset(slot, failure: ConnectionError.shutDownCode) }
            }
            let moment = now + Self.silenceBeforeClose
            while self.isAnyEnding, now < moment { await pause() }
            self.connections.forEachOccupied { slot in
                if !self.endIfDelivered(slot) { self.reset(slot, failure: ConnectionError.shutDownCode) }
            }
            // Last completions come with the loop's next iterations; the end of the loop waits for any that do not.
            let deadline = now + 1_000_000_000
            while self.connections.count > 0, now < deadline { await pause() }
        }
    }

    /// Whether the connection is being closed, and not reset.
    private func isEnding(_ slot: UInt32) -> Bool {
        connections[slot].phase == .closing && connections[slot].ending != .reset
    }

    private var isAnyEnding: Bool {
        var isAny = false
        connections.forEachOccupied { if isEnding($0) { isAny = true } }
        return isAny
    }

    /// Lets the loop go on for a millisecond. A sleep would not, in a task that is cancelled, as a server's may be.
    private func pause() async {
        await Suspension.suspend { timers.schedule(.sleep($0), at: now + 1_000_000) }
    }

    // MARK: After delivery

    private func awaitDelivery(_ slot: UInt32) {
        guard !connections[slot].flags.contains(.awaitingDelivery) else { return }
        connections[slot].flags.insert(.awaitingDelivery)
        checkDelivery(slot)
    }

    /// Ends the connection, with a reset or in order, once the peer's system has acknowledged all that was sent; until
    /// then looks again, after 1, 2, 4 … 64 ms. The close timeout ends it in any case.
    func checkDelivery(_ slot: UInt32) {
        guard connections[slot].phase == .closing, connections[slot].ending != .reset else { return }
        guard hasEverything(slot) else {
            let index = makeDeadlines(slot)
            let delay = UInt64(1_000_000) << min(deadlines[index].deliveryAttempt, 6)
            deadlines[index].deliveryAttempt += 1
            deadlines[index].deliveryTimer = timers.schedule(.delivery(slot: slot), at: now + delay)
            return
        }
        if connections[slot].ending == .orderly {
            finishWhenSilent(slot)
        } else {
            connections[slot].ending = .reset
            finishClosing(slot)
        }
    }

    /// Whether nothing of what was sent would be lost if the connection ended as it is to end.
    private func hasEverything(_ slot: UInt32) -> Bool {
        let descriptor = connections[slot].descriptor
        // A reset would overtake the end of the stream.
        guard connections[slot].ending == .orderly else { return ring.unacknowledgedBytes(descriptor) ?? 0 == 0 }
        // What was sent to a Unix domain socket lies in the peer's socket, and stays there until it is read.
        return ring.localAddress(of: descriptor)?.isUnix ?? false || isAcknowledged(slot)
    }

    /// Whether the peer's system has everything that was sent, but perhaps for the end of the stream: that counts as a byte,
    /// and the system goes on to send it by itself.
    func isAcknowledged(_ slot: UInt32) -> Bool {
        let bytes = ring.unacknowledgedBytes(connections[slot].descriptor) ?? 0
        return bytes <= (connections[slot].flags.contains(.ended) ? 1 : 0)
    }

    /// Ends a connection in order whose peer has everything, and has not ended. What the peer had sent before it learned of
    /// the end may still arrive, and would be answered with a reset if the socket were closed: so the socket is closed when
    /// nothing has arrived for a while. What arrives is dropped.
    private func finishWhenSilent(_ slot: UInt32) {
        let index = makeDeadlines(slot)
        deadlines[index].deliveredSince = min(deadlines[index].deliveredSince, now)
        let silentSince = max(deadlines[index].deliveredSince, deadlines[index].lastActivity)
        var end = silentSince + Self.silenceBeforeClose
        // Without memory nothing is received. The close timeout ends this in any case.
        if ring.bytesToReceive(connections[slot].descriptor) > 0 { end = max(end, now + Self.silenceBeforeClose) }
        if now < end {
            deadlines[index].deliveryTimer = timers.schedule(.delivery(slot: slot), at: end)
        } else {
            connections[slot].flags.insert(.delivered)
            finishClosing(slot)
        }
    }

    /// Longer than what is sent is on its way, and short beside a server's grace.
    private static let silenceBeforeClose: UInt64 = 500_000_000

    // MARK: Failure

    /// Breaks the connection: whoever waits for it is told, and its peer sees a reset. Its slot is vacated now if its
    /// owner is gone, and otherwise as soon as that lets go of it.
    func reset(_ slot: UInt32, failure: Int32) {
        connections[slot].ending = .reset
        fail(slot, failure)
        continueClosing(slot)
    }

    /// Nothing can be sent any more. The system keeps what was received before a reset until it is read (tcp(7) does not
    /// say so; recv(2) returns it first and the error afterwards), so the connection is broken only when that has been
    /// received. Whoever waits to write is told now.
    func sendingFailed(_ slot: UInt32, _ failure: Int32) {
        guard !connections[slot].cannotSend else { return }
        guard connections[slot].phase == .open, connections[slot].flags.isDisjoint(with: Self.receivingEnds) else {
            return fail(slot, failure)
        }
        connections[slot].failure = failure
        connections[slot].flags.insert(.receivesOn)
        if !connections[slot].isSending { slices.removeAll(of: &connections[slot].outbound) }
        resumeWriter(slot)
        if connections[slot].isRelaying { limitRelaying(from: slot) }
        // A multishot receive that has taken the last bytes waits to be woken once more, and a dead socket wakes nobody:
        // single ones come to the end.
        cancelReceive(slot)
        armReceive(slot)
    }

    /// Flags with which nothing more is received.
    private static var receivingEnds: ConnectionState.Flags { [.peerEnded, .readingEnded, .readingCancelled] }

    /// The connection is broken: whoever waits for it is told, and its descriptor is closed with a reset, whatever its
    /// owner waits for meanwhile. The first failure is the one that counts.
    func fail(_ slot: UInt32, _ failure: Int32) {
        guard !connections[slot].hasFailed else { return }
        if !connections[slot].cannotSend { connections[slot].failure = failure }
        connections[slot].flags.remove(.receivesOn)
        // Also of a connection that is being closed, if something is left: its peer must not take a part for the whole.
        if connections[slot].phase == .open || !connections[slot].outbound.isEmpty { connections[slot].ending = .reset }
        if connections[slot].connector != ConnectionState.noConnector {
            let error = failure == ConnectionError.shutDownCode ? ConnectError.shutDown : .cancelled
            connectors[connections[slot].connector]?.end(.failure(error))
        }
        if connections[slot].isRelaying { relayFailed(slot) }
        resumeReader(slot)
        resumeWriter(slot)
        if connections[slot].phase == .open {
            connections[slot].phase = .broken
            closeDescriptor(slot)
        }
    }
}
