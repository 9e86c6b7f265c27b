internal import EddyBuffers
internal import EddyRing
internal import EddySystem

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

/// How far a relay was. Bytes that are received are sent on before a relay counts as idle, so those that were sent tell.
struct RelayMark: Equatable {
    var generation: UInt32
    /// Bytes that were sent to either side. They wrap.
    var sent: (UInt32, UInt32)

    static func == (one: RelayMark, other: RelayMark) -> Bool {
        one.generation == other.generation && one.sent == other.sent
    }
}

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
        deadlines[makeDeadlines(peer)].relayTimeout = UInt64(0).advanced(by: configuration.closeTimeout)
        startedWaitingToSend(peer)
    }

    /// How far a relay is in which nothing is under way, as far as this moment shows; nil when something is.
    func markIdleRelay(_ slot: UInt32) -> RelayMark? {
        let peer = connections[slot].relayPeer
        guard peer != ConnectionState.noSlot, isIdle(slot), isIdle(peer) else { return nil }
        return RelayMark(
            generation: connections[slot].generation,
            sent: (connections[slot].movedBytes, connections[peer].movedBytes)
        )
    }

    /// Ends both directions of a relay, in order.
    func endRelay(_ slot: UInt32) {
        for side in [slot, connections[slot].relayPeer] {
            connections[side].flags.insert(.draining)
            endWriting(side)
            endWritingIfDone(side)
        }
    }

    /// Whether nothing waits to be sent, acknowledged or received.
    private func isIdle(_ slot: UInt32) -> Bool {
        !connections[slot].cannotSend && connections[slot].outbound.isEmpty
            && ring.bytesToReceive(connections[slot].descriptor) == 0 && isAcknowledged(slot)
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
        for side in [slot, peer] {
            connections[side].relayPeer = ConnectionState.noSlot
            if connections[side].deadlines != SlotIndex.none {
                deadlines[connections[side].deadlines].relayTimeout = ConnectionDeadlines.never
            }
        }
        let owner = connections[slot].flags.contains(.ownsRelay) ? slot : peer
        connections[owner].flags.remove(.ownsRelay)
        resumeReader(owner)
    }
}
