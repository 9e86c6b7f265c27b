internal import EddyBuffers
internal import EddyRing
internal import EddySystem

// A relay joins two connections of one loop. A slice received on one enters the send queue of the other: no task wakes,
// and nothing is copied.
//
//       client ──received──▶ [upstream's outbound] ──sent──▶ upstream
//       client ◀──sent── [client's outbound] ◀──received── upstream
//
//     FIN of one side:   the other side's queue is sent, then FIN.
//     Reset of one side: the other side's queue is sent and delivered, then that side is reset, too.
//     One side cannot be sent to: the bytes that it sent are received and passed on, then it counts as reset. The other
//                        side must take them within the close timeout, or make progress.
//     A slow side:       its queue fills; reading from the other side pauses until it has drained.
//
// The task that called `relay` waits in the first connection's `reader` until both directions have ended.

/// A snapshot of a relay's progress. Received bytes are sent on before a relay counts as idle, so the sent bytes
/// suffice.
struct RelayMark: Equatable {
    /// Bytes sent to either side. They wrap.
    var sentToOne: UInt32
    var sentToOther: UInt32
}

extension ConnectionDriver {
    /// Joins two open connections. Bytes that either has already received are relayed first.
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

    /// Passes a slice on. Bytes for a side that cannot be sent to are dropped: their sender will get the failure.
    func relay(_ slice: Slice, from id: ConnectionID) {
        guard let peer = connections[id].relay?.peer, !connections[peer].lifecycle.cannotSend,
            connections[peer].sending.output == .open
        else {
            return slice.drop()
        }
        output(slice, to: peer)
    }

    /// Passes on FIN from one side: it follows the bytes queued for the other.
    func endRelayDirection(from id: ConnectionID) {
        guard let peer = connections[id].relay?.peer else { return }
        endWriting(peer)
        finishRelayIfDone(id)
    }

    /// Handles the failure of one side: the other side gets the bytes received before, then is reset, too.
    func relayFailed(_ id: ConnectionID) {
        guard let peer = connections[id].relay?.peer else { return }
        connections[peer].lifecycle.end(.resetAfterFlush)
        finishRelay(id)
    }

    /// Limits the delivery of the bytes that a side sent before sending to it failed: the other side has to take them
    /// in time.
    func limitRelaying(from id: ConnectionID) {
        guard let peer = connections[id].relay?.peer else { return }
        deadlines[makeDeadlines(peer)].relayTimeout = UInt64(0).advanced(by: configuration.closeTimeout)
        startedWaitingToSend(peer)
    }

    /// A snapshot of a relay in which nothing appears to be in progress at this moment; nil when something is.
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

    /// Whether no bytes wait to be sent, acknowledged or received.
    private func isQuiet(_ id: ConnectionID) -> Bool {
        !connections[id].lifecycle.cannotSend && connections[id].sending.queue.isEmpty
            && ring.bytesToReceive(connections[id].descriptor) == 0 && isAcknowledged(id)
    }

    /// Finishes the relay when both directions have ended.
    func finishRelayIfDone(_ id: ConnectionID) {
        guard let peer = connections[id].relay?.peer, connections[id].sending.output == .finSent,
            connections[peer].sending.output == .finSent
        else { return }
        finishRelay(id)
    }

    /// Separates the connections and resumes the waiting task.
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
