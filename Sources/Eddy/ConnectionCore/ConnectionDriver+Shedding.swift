internal import EddyBuffers
internal import EddyRing
internal import EddySystem

// Thresholds keep connections from using up all memory. If receives wait for memory nevertheless, the loop must reclaim
// it:
//
//     receives wait ──▶ half of starvationTimeout ──▶ record the progress of each connection that holds memory
//                                        │
//                                        ▼ the other half
//     messages wait for the first of them:  that one is reset if its message has made no progress
//     receives find no chunk:               the largest holders among the connections without progress are reset,
//                                           until a quarter of the budget is free
//                                        │
//                                        ▼ a tenth of the time later
//                                           the next ones
//
// A connection that reads, writes, or waits for its next request is never reset for memory: it holds none, or it makes
// progress.

/// A snapshot of a connection's progress: bytes its handler has taken, bytes its peer has taken, and received message
/// bytes.
struct ProgressMark: Equatable {
    /// Bytes that the handler has read, plus bytes that have been sent. Wraps.
    var moved: UInt32
    /// Bytes that the peer has acknowledged.
    var delivered: UInt64
    /// Bytes received and not yet read.
    var received: UInt32
}

extension ConnectionDriver {
    /// Starts the starvation timer because receives wait for memory, unless it already runs.
    func watchStarvation() {
        guard starvationTimer.value == nil, isStarving else { return }
        setStarvationTimer(after: configuration.starvationTimeout / 2)
    }

    private func setStarvationTimer(after time: Duration) {
        starvationTimer.value = timers.schedule(.starvationTimedOut, at: now.advanced(by: time))
    }

    /// Stops the starvation timer because no receive waits for memory.
    func endStarvation() {
        guard starvationTimer.value != nil else { return }
        timers.cancel(starvationTimer.value)
        starvationTimer.value = nil
        progressMarks.value = [:]
    }

    /// Sheds connections if receives still wait when the timer fires.
    func starvationTimedOut() {
        starvationTimer.value = nil
        let marks = progressMarks.value
        progressMarks.value = [:]
        guard isStarving else { return }
        let holders = largestHolders()
        for (id, _) in holders { progressMarks.value[id] = progressMark(id) }
        let stalled = stalledHolders(among: holders, since: marks)
        if holders.isEmpty { reportKeptMemory() }
        setStarvationTimer(after: configuration.starvationTimeout / (stalled.isEmpty ? 2 : 10))
        var wanted = max(1, memory.value.byteCount / 4 - max(0, memory.value.byteCount - slices.footprint))
        for (id, byteCount) in stalled where wanted > 0 {
            wanted -= byteCount
            shed(id)
        }
    }

    /// The connections to reclaim memory from, the largest first.
    private func stalledHolders(
        among holders: [(id: ConnectionID, byteCount: Int)],
        since marks: [ConnectionID: ProgressMark]
    ) -> [(id: ConnectionID, byteCount: Int)] {
        guard !bufferQueue.isEmpty else {
            // There is memory for the first message, and the others wait only for that one.
            return holders.filter { $0.id == messageQueue.first && hasStalled($0.id, since: marks[$0.id]) }
        }
        let stalled = holders.filter { hasStalled($0.id, since: marks[$0.id]) }
        guard stalled.isEmpty else { return stalled }
        // Nothing is being received, not even from peers that have sent more: one connection must make room.
        return Array(holders.filter { marks[$0.id] == progressMark($0.id) }.prefix(1))
    }

    private func progressMark(_ id: ConnectionID) -> ProgressMark {
        ProgressMark(
            moved: connections[id].movedBytes,
            delivered: connections[id].sending.queue.isEmpty
                ? 0 : ring.deliveryProgress(connections[id].descriptor),
            received: connections[id].receiving.queue.byteCount
        )
    }

    /// Whether a connection has made no progress. A message must have grown by a 64th of its length, so that a peer
    /// that sends an occasional byte does not block others forever. A connection that cannot receive for lack of memory
    /// has not stalled if its peer has sent more of the message.
    private func hasStalled(_ id: ConnectionID, since mark: ProgressMark?) -> Bool {
        guard let mark else { return false }
        let current = progressMark(id)
        guard current.moved == mark.moved, current.delivered == mark.delivered
        else { return false }
        guard connections[id].receiving.expectedBytes > current.received else { return true }
        let isReceived = connections[id].receiving.isArmed
        if !isReceived, ring.bytesToReceive(connections[id].descriptor) > 0 { return false }
        let growth = current.received &- mark.received
        return growth <= connections[id].receiving.expectedBytes / 64
    }

    /// Reports memory that the program keeps, which the loop cannot reclaim.
    private func reportKeptMemory() {
        writeToStandardError(
            "eddy: connections wait for memory, and buffers that the program keeps hold the \(pool.mappedBytes) bytes "
                + "that its event loop receives into; drop them sooner, compact what is kept for long, or raise "
                + "pool.maximumBytes\n"
        )
    }

    /// The connections whose queues hold memory, the largest first.
    private func largestHolders() -> [(id: ConnectionID, byteCount: Int)] {
        var holders: [(id: ConnectionID, byteCount: Int)] = []
        connections.forEachConnection { id in
            let byteCount = connections[id].receiving.queue.footprint + connections[id].sending.queue.footprint
            if byteCount > 0 { holders.append((id, byteCount)) }
        }
        return holders.sorted { ($1.byteCount, $0.id.index) < ($0.byteCount, $1.id.index) }
    }

    /// Resets a connection to reclaim its memory. Its handler gets ENOBUFS.
    private func shed(_ id: ConnectionID) {
        if !connections[id].lifecycle.hasFailed { counters.connectionsEvicted += 1 }
        slices.removeAll(of: &connections[id].receiving.queue)
        reset(id, failure: SystemError.noBufferSpace.code)
    }
}
