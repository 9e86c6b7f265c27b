internal import EddyBuffers

// A relay joins two connections of one loop. What one receives goes into the other's send queue as the same slice:
// no task is woken, nothing is copied.
//
//       client ──received──▶ [upstream's outbound] ──sent──▶ upstream
//       client ◀──sent── [client's outbound] ◀──received── upstream
//
//     FIN of one side:   the other's queue is sent, then FIN.
//     Reset of one side: the other's queue is sent and delivered, then reset.
//     Nothing can be sent to one side: what it has sent is received and passed on, then it counts as reset. The other
//                        side must take it within the close timeout, or make progress.
//     A slow side:       its queue fills; reading from the other side pauses until it has drained.
//
// The task that called `relay` waits in the first connection's `reader` until both directions have ended.

extension EventLoop {
    /// Joins two open connections. What either has received already is relayed first.
    func beginRelay(_ first: UInt32, _ second: UInt32) {
        connections[first].relayPeer = second
        connections[second].relayPeer = first
        connections[first].flags.insert(.ownsRelay)
        for slot in [first, second] {
            while let slice = slices.popFirst(of: &connections[slot].inbound) { relay(slice, from: slot) }
        }
        // A side that has failed ends the relay for both.
        for slot in [first, second] where connections[slot].isRelaying {
            if connections[slot].hasFailed {
                relayFailed(slot)
            } else if connections[slot].flags.contains(.peerEnded) {
                relayPeerEnded(slot)
            } else {
                if connections[slot].cannotSend { limitRelaying(from: slot) }
                armReceive(slot)
            }
        }
    }

    /// Passes a slice on. Bytes for a side that can take none any more are dropped: their sender will be told.
    func relay(_ slice: Slice, from slot: UInt32) {
        let peer = connections[slot].relayPeer
        guard !connections[peer].cannotSend, connections[peer].flags.isDisjoint(with: [.endsAfterSending, .ended])
        else {
            return slice.drop()
        }
        appendOutbound(slice, to: peer)
    }

    func relayPeerEnded(_ slot: UInt32) {
        endWriting(connections[slot].relayPeer)
        finishRelayIfDone(slot)
    }

    /// One side broke: the other gets what was received before, and then the same news.
    func relayFailed(_ slot: UInt32) {
        let peer = connections[slot].relayPeer
        connections[peer].ending = max(connections[peer].ending, .resetAfterDelivery)
        finishRelay(slot)
    }

    /// Nothing can be sent to a side, which may have sent something before: the other one has to take that.
    func limitRelaying(from slot: UInt32) {
        let peer = connections[slot].relayPeer
        let index = makeDeadlines(peer)
        let limit = UInt64(0).advanced(by: configuration.closeTimeout)
        deadlines[index].writeTimeout = min(deadlines[index].writeTimeout, limit)
        startedWaitingToSend(peer)
    }

    /// Ends a relay in which nothing is under way, in order; false when something is.
    func endIdleRelay(_ slot: UInt32) -> Bool {
        let peer = connections[slot].relayPeer
        guard peer != ConnectionState.noSlot, !connections[slot].cannotSend, !connections[peer].cannotSend,
            isAllDelivered(slot), isAllDelivered(peer)
        else { return false }
        for side in [slot, peer] {
            connections[side].flags.insert(.draining)
            endWriting(side)
            endWritingIfDone(side)
        }
        return true
    }

    /// Whether the peer's system has everything that was to be sent, but perhaps for the end of the stream.
    private func isAllDelivered(_ slot: UInt32) -> Bool {
        let unacknowledged = ring.unacknowledgedBytes(connections[slot].descriptor) ?? 0
        return connections[slot].outbound.isEmpty
            && unacknowledged <= (connections[slot].flags.contains(.ended) ? 1 : 0)
    }

    /// The relay is over when both directions have ended.
    func finishRelayIfDone(_ slot: UInt32) {
        let peer = connections[slot].relayPeer
        guard connections[slot].flags.contains(.ended), connections[peer].flags.contains(.ended) else { return }
        finishRelay(slot)
    }

    /// Parts the connections and resumes the task that waits.
    private func finishRelay(_ slot: UInt32) {
        let peer = connections[slot].relayPeer
        guard peer != ConnectionState.noSlot else { return }
        connections[slot].relayPeer = ConnectionState.noSlot
        connections[peer].relayPeer = ConnectionState.noSlot
        let owner = connections[slot].flags.contains(.ownsRelay) ? slot : peer
        connections[owner].flags.remove(.ownsRelay)
        resumeReader(owner)
    }
}
