internal import EddyBuffers
internal import EddyRing

// How much a connection may receive and queue, given its part of the loop's memory (``MemoryBudget``):
//
//     received, unread           ├──────────────┤            receiving stops when the sum of both reaches the threshold
//     (relayed: queued there)                                or the receive window; a small amount is always allowed,
//     queued for sending         ├──────┤                    so that a full send queue does not silence the peer
//
// A reader that waits for a message may receive beyond its window, up to the threshold. If the threshold is less than
// the message, the reader waits in a queue, and the first in that queue may receive its message in any case. So large
// messages complete one after another, however many begin.

extension ConnectionDriver {
    /// The most bytes that a connection may hold now.
    @inline(__always)
    var memoryThreshold: Int {
        let promised = memory.value.isTight ? promisedBytes.value : 0
        return memory.value.threshold(queuedBytes: slices.footprint + promised)
    }

    /// Records a single receive submitted while memory is tight: the bytes that it may bring count from now on.
    func promise(_ byteCount: Int, to id: ConnectionID) {
        // A single receive brings no more than a chunk.
        let promised = min(byteCount, max(receiveRing.chunkSize, Self.bulkSize))
        connections[id].receiving.promisedBytes = UInt32(truncatingIfNeeded: promised)
        promisedBytes.value += promised
    }

    /// Removes the promise of a receive that has completed: its bytes are in the queue.
    @inline(__always)
    func endPromise(_ id: ConnectionID) {
        promisedBytes.value -= Int(connections[id].receiving.promisedBytes)
        assert(promisedBytes.value >= 0, "what is promised was counted before")
        connections[id].receiving.promisedBytes = 0
    }

    /// Bytes that may be received regardless of how much the same connection has queued for sending.
    private var assuredRoom: Int { memory.value.isTight ? memory.value.floor / 4 : 64 << 10 }

    /// Receives in flight were granted room that no longer exists: cancels them, to submit them again with less.
    func memoryBecameTight() {
        counters.memoryShortages += 1
        connections.forEachConnection { cancelReceive($0) }
    }

    /// Bytes that the connection may receive now; none if 0 or less.
    func receiveRoom(_ id: ConnectionID) -> Int {
        let room = windowRoom(id)
        return room <= 0 && connections[id].receiving.expectedBytes > 0 ? messageRoom(id) : room
    }

    /// Bytes that the connection may receive regardless of whether its reader waits for a message.
    func windowRoom(_ id: ConnectionID) -> Int {
        var backlog = connections[id].receiving.queue.footprint
        if let downstream = connections[id].downstream { backlog += connections[downstream].sending.queue.footprint }
        let allowed = min(configuration.receiveWindow, memoryThreshold)
        let room = max(
            allowed - backlog - connections[id].sending.queue.footprint,
            min(allowed, assuredRoom) - backlog
        )
        return sharedRoom(room)
    }

    /// Bytes that a reader that waits for a message may receive beyond the window.
    func messageRoom(_ id: ConnectionID) -> Int {
        sharedRoom(min(missingBytes(id), memoryThreshold - connections[id].receiving.queue.footprint))
    }

    private func sharedRoom(_ room: Int) -> Int {
        memory.value.isTight ? min(room, memory.value.share) : room
    }

    /// Bytes missing from the reader's message.
    private func missingBytes(_ id: ConnectionID) -> Int {
        Int(connections[id].receiving.expectedBytes) - Int(connections[id].receiving.queue.byteCount)
    }

    // MARK: Messages beyond the threshold

    /// Queues a reader that waits for a message for which there is no room. The message is received in its turn.
    func awaitMemoryForMessage(_ id: ConnectionID) {
        guard !connections[id].receiving.isQueuedForMessage else { return }
        connections[id].receiving.isQueuedForMessage = true
        messageQueue.append(id)
    }

    /// Admits the messages for which there is room now, and the first of the others even without room.
    func admitMessages() {
        while let id = messageQueue.first {
            guard connections[id].receiving.isQueuedForMessage else {
                _ = messageQueue.popFirst()
                continue
            }
            let isOpen = connections[id].lifecycle.phase == .open
            // A message of which nothing has come yet needs no place: there is room for its beginning, and its peer may
            // be silent for a long time.
            let hasBegun = !connections[id].receiving.queue.isEmpty
            let isWaiting = isOpen && connections[id].receiving.expectedBytes > 0 && missingBytes(id) > 0
            // A few bytes of room are not worth giving up the place in the queue.
            if !isWaiting || !hasBegun || receiveRoom(id) >= min(missingBytes(id), Self.roomWorthAdmitting) {
                _ = messageQueue.popFirst()
                connections[id].receiving.isQueuedForMessage = false
                if isWaiting { admit(id) }
                continue
            }
            // The first waiting message blocks the rest until it is complete, or its connection is shed.
            if connections[id].mayReceive { submitReceive(id, room: missingBytes(id), isSingle: true) }
            break
        }
        if isStarving { watchStarvation() } else { endStarvation() }
    }

    private static let roomWorthAdmitting = 16 << 10

    /// Admits a reader's message. If none of it was being received, the loop held the reader up, not the peer: the
    /// reader's wait starts now.
    private func admit(_ id: ConnectionID) {
        let wasHeldUp = !connections[id].receiving.isArmed
        armReceive(id)
        if wasHeldUp, connections[id].deadlines != nil { startedWaitingToRead(id) }
    }

    /// Whether a receive waits for memory that only another connection can give back.
    var isStarving: Bool { !bufferQueue.isEmpty || messageQueue.count > 1 }

    // MARK: Writing

    /// Queued bytes above which a writer waits: its high watermark, or less while memory is tight.
    @inline(__always)
    func writeLimit(_ id: ConnectionID) -> Int {
        let high = Int(connections[id].sending.highWatermark)
        return memory.value.isTight ? min(high, memoryThreshold) : high
    }

    /// Queued bytes at which a writer resumes.
    @inline(__always)
    func resumeMark(_ id: ConnectionID) -> Int {
        let low = Int(connections[id].sending.lowWatermark)
        return memory.value.isTight ? min(low, memoryThreshold / 4) : low
    }
}
