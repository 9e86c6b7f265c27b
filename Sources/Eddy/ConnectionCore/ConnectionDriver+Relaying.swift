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

/// How far a relay was. Bytes that are received are sent on before a relay counts as idle, so those that were sent tell.
struct RelayMark: Equatable {
    /// Bytes that were sent to either side. They wrap.
    var sentToOne: UInt32
    var sentToOther: UInt32
}

extension ConnectionDriver {
    /// Joins two open connections. What either has received already is relayed first.
    func beginRelay(_ first: ConnectionID, _ second: ConnectionID) {
        connections[first].relayPeer = second
        connections[second].relayPeer = first
        connections[first].flags.insert(.ownsRelay)
        for id in [first, second] {
            while let slice = slices.popFirst(of: &connections[id].inbound) { relay(slice, from: id) }
        }
        // A side that has failed ends the relay for both.
        for id in [first, second] where connections[id].isRelaying {
            if connections[id].hasFailed {
                relayFailed(id)
            } else if connections[id].flags.contains(.peerEnded) {
                relayPeerEnded(id)
            } else {
                if connections[id].cannotSend { limitRelaying(from: id) }
                armReceive(id)
            }
        }
    }

    /// Passes a slice on. Bytes for a side that can take none any more are dropped: their sender will be told.
    func relay(_ slice: Slice, from id: ConnectionID) {
        guard let peer = connections[id].relayPeer, !connections[peer].cannotSend,
            connections[peer].flags.isDisjoint(with: [.endsAfterSending, .ended])
        else {
            return slice.drop()
        }
        appendOutbound(slice, to: peer)
    }

    func relayPeerEnded(_ id: ConnectionID) {
        guard let peer = connections[id].relayPeer else { return }
        endWriting(peer)
        finishRelayIfDone(id)
    }

    /// One side broke: the other gets what was received before, and then the same news.
    func relayFailed(_ id: ConnectionID) {
        guard let peer = connections[id].relayPeer else { return }
        connections[peer].ending = max(connections[peer].ending, .resetAfterDelivery)
        finishRelay(id)
    }

    /// Nothing can be sent to a side, which may have sent something before: the other one has to take that.
    func limitRelaying(from id: ConnectionID) {
        guard let peer = connections[id].relayPeer else { return }
        deadlines[makeDeadlines(peer)].relayTimeout = UInt64(0).advanced(by: configuration.closeTimeout)
        startedWaitingToSend(peer)
    }

    /// How far a relay is in which nothing is under way, as far as this moment shows; nil when something is.
    func markIdleRelay(_ id: ConnectionID) -> RelayMark? {
        guard let peer = connections[id].relayPeer, isIdle(id), isIdle(peer) else { return nil }
        return RelayMark(sentToOne: connections[id].movedBytes, sentToOther: connections[peer].movedBytes)
    }

    /// Ends both directions of a relay, in order.
    func endRelay(_ id: ConnectionID) {
        guard let peer = connections[id].relayPeer else { return }
        for side in [id, peer] {
            connections[side].flags.insert(.draining)
            endWriting(side)
            endWritingIfDone(side)
        }
    }

    /// Whether nothing waits to be sent, acknowledged or received.
    private func isIdle(_ id: ConnectionID) -> Bool {
        !connections[id].cannotSend && connections[id].outbound.isEmpty
            && ring.bytesToReceive(connections[id].descriptor) == 0 && isAcknowledged(id)
    }

    /// The relay is over when both directions have ended.
    func finishRelayIfDone(_ id: ConnectionID) {
        guard let peer = connections[id].relayPeer, connections[id].flags.contains(.ended),
            connections[peer].flags.contains(.ended)
        else { return }
        finishRelay(id)
    }

    /// Parts the connections and resumes the task that waits.
    private func finishRelay(_ id: ConnectionID) {
        guard let peer = connections[id].relayPeer else { return }
        for side in [id, peer] {
            connections[side].relayPeer = nil
            if let index = connections[side].deadlines { deadlines[index].relayTimeout = ConnectionDeadlines.never }
        }
        let owner = connections[id].flags.contains(.ownsRelay) ? id : peer
        connections[owner].flags.remove(.ownsRelay)
        resumeReader(owner)
    }
}
