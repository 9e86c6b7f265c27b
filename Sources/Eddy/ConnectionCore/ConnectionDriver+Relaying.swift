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
//     Reset of one side: the other's queue is sent and delivered, then it is reset.
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
        assert(!connections[first].isRelaying && !connections[second].isRelaying, "a connection is in one relay")
        connections[first].relay = ConnectionState.RelayLink(peer: second, holdsWaiter: true)
        connections[second].relay = ConnectionState.RelayLink(peer: first)
        for id in [first, second] {
            while let slice = slices.popFirst(of: &connections[id].receiving.queue) { relay(slice, from: id) }
        }
        // A side that has failed ends the relay for both.
        for id in [first, second] where connections[id].isRelaying {
            if connections[id].lifecycle.hasFailed {
                relayFailed(id)
            } else if connections[id].receiving.input == .ended {
                endRelayDirection(from: id)
            } else {
                if connections[id].lifecycle.cannotSend { limitRelaying(from: id) }
                armReceive(id)
            }
        }
    }

    /// Passes a slice on. Bytes for a side that can take none any more are dropped: their sender will be told.
    func relay(_ slice: Slice, from id: ConnectionID) {
        guard let peer = connections[id].relay?.peer, !connections[peer].lifecycle.cannotSend,
            connections[peer].sending.output == .open
        else {
            return slice.drop()
        }
        output(slice, to: peer)
    }

    /// One side has sent FIN: it follows what is queued for the other.
    func endRelayDirection(from id: ConnectionID) {
        guard let peer = connections[id].relay?.peer else { return }
        endWriting(peer)
        finishRelayIfDone(id)
    }

    /// One side failed: the other gets what was received before, then is reset, too.
    func relayFailed(_ id: ConnectionID) {
        guard let peer = connections[id].relay?.peer else { return }
        connections[peer].lifecycle.end(.resetAfterFlush)
        finishRelay(id)
    }

    /// Nothing can be sent to a side, which may have sent something before: the other one has to take that.
    func limitRelaying(from id: ConnectionID) {
        guard let peer = connections[id].relay?.peer else { return }
        deadlines[makeDeadlines(peer)].relayTimeout = UInt64(0).advanced(by: configuration.closeTimeout)
        startedWaitingToSend(peer)
    }

    /// How far a relay is in which nothing is under way, as far as this moment shows; nil when something is.
    func markIdleRelay(_ id: ConnectionID) -> RelayMark? {
        guard let peer = connections[id].relay?.peer, isQuiet(id), isQuiet(peer) else { return nil }
        return RelayMark(sentToOne: connections[id].movedBytes, sentToOther: connections[peer].movedBytes)
    }

    /// Ends both directions of a relay gracefully.
    func endRelay(_ id: ConnectionID) {
        guard let peer = connections[id].relay?.peer else { return }
        for side in [id, peer] {
            connections[side].drain.isDraining = true
            endWriting(side)
            perform(connections[side].endSendingIfDue(), on: side)
        }
    }

    /// Whether nothing waits to be sent, acknowledged or received.
    private func isQuiet(_ id: ConnectionID) -> Bool {
        !connections[id].lifecycle.cannotSend && connections[id].sending.queue.isEmpty
            && ring.bytesToReceive(connections[id].descriptor) == 0 && isAcknowledged(id)
    }

    /// The relay is over when both directions have ended.
    func finishRelayIfDone(_ id: ConnectionID) {
        guard let peer = connections[id].relay?.peer, connections[id].sending.output == .finSent,
            connections[peer].sending.output == .finSent
        else { return }
        finishRelay(id)
    }

    /// Parts the connections and resumes the task that waits.
    private func finishRelay(_ id: ConnectionID) {
        guard let relay = connections[id].relay else { return }
        assert(connections[relay.peer].relay?.peer == id, "both sides of a relay know each other")
        for side in [id, relay.peer] {
            connections[side].relay = nil
            if let index = connections[side].deadlines { deadlines[index].relayTimeout = ConnectionDeadlines.never }
        }
        resumeReader(relay.holdsWaiter ? id : relay.peer)
    }
}
