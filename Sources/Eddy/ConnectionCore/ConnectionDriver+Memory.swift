internal import EddyBuffers
internal import EddyRing

// What a connection may receive and queue, by its part of the loop's memory (``MemoryBudget``):
//
//     received and not read      ├──────────────┤            receives stop where both together come to the threshold,
//     (relayed: queued there)                                or to the receive window; some may come in any case, so
//     queued for sending         ├──────┤                    that a full send queue does not keep its peer from talking
//
// A reader that waits for a message may receive beyond its window, up to the threshold. Where the threshold is less than
// the message, it waits in a queue, and the first in that queue may receive its message in any case: so large messages
// complete one after the other, however many begin.

extension ConnectionDriver {
    /// The most bytes that a connection may hold now.
    @inline(__always)
    var memoryThreshold: Int {
        let promised = memory.value.isTight ? promisedBytes.value : 0
        return memory.value.threshold(queuedBytes: slices.footprint + promised)
    }

    /// A single receive is submitted while memory is tight: what it may bring counts from now on.
    func promise(_ byteCount: Int, to id: ConnectionID) {
        // A single receive brings no more than a chunk.
        let promised = min(byteCount, max(receiveRing.chunkSize, Self.bulkSize))
        connections[id].receiving.promisedBytes = UInt32(truncatingIfNeeded: promised)
        promisedBytes.value += promised
    }

    /// The receive has ended: what it has brought is queued.
    @inline(__always)
    func endPromise(_ id: ConnectionID) {
        promisedBytes.value -= Int(connections[id].receiving.promisedBytes)
        assert(promisedBytes.value >= 0, "what is promised was counted before")
        connections[id].receiving.promisedBytes = 0
    }

    /// Bytes that may come however much the same connection has queued for sending.
    private var assuredRoom: Int { memory.value.isTight ? memory.value.floor / 4 : 64 << 10 }

    /// Receives that are in flight were given room that is no more: they end, and are submitted again with less.
    func memoryBecameTight() {
        counters.memoryShortages += 1
        connections.forEachConnection { cancelReceive($0) }
    }

    /// Bytes that the connection may receive now; 0 or less: none.
    func receiveRoom(_ id: ConnectionID) -> Int {
        let room = windowRoom(id)
        return room <= 0 && connections[id].receiving.expectedBytes > 0 ? messageRoom(id) : room
    }

    /// Bytes that the connection may receive whether its reader waits for a message or not.
    func windowRoom(_ id: ConnectionID) -> Int {
        let backlog =
            if let peer = connections[id].relay?.peer { connections[peer].sending.queue.footprint } else {
                connections[id].receiving.queue.footprint
            }
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

    /// Bytes that the reader's message lacks.
    private func missingBytes(_ id: ConnectionID) -> Int {
        Int(connections[id].receiving.expectedBytes) - Int(connections[id].receiving.queue.byteCount)
    }

    // MARK: Messages beyond the threshold

    /// A reader waits for a message for which there is no room: it is received when its turn has come.
    func awaitMemoryForMessage(_ id: ConnectionID) {
        guard !connections[id].receiving.isQueuedForMessage else { return }
        connections[id].receiving.isQueuedForMessage = true
        messageQueue.append(id)
    }

    /// Lets messages be received for which there is room now; and the first of the others, even without room.
    func admitMessages() {
        while let id = messageQueue.first {
            guard connections[id].receiving.isQueuedForMessage else {
                _ = messageQueue.popFirst()
                continue
            }
            let isOpen = connections[id].lifecycle.phase == .open
            let isWaiting = isOpen && connections[id].receiving.expectedBytes > 0 && missingBytes(id) > 0
            // A few bytes of room are not worth the place in the queue.
            if !isWaiting || receiveRoom(id) >= min(missingBytes(id), Self.roomWorthAdmitting) {
                _ = messageQueue.popFirst()
                connections[id].receiving.isQueuedForMessage = false
                if isWaiting { admit(id) }
                continue
            }
            // The first of those that wait holds the rest up until its message is complete, or it is shed.
            if connections[id].mayReceive { submitReceive(id, room: missingBytes(id), isSingle: true) }
            break
        }
        if isStarving { watchStarvation() } else { endStarvation() }
    }

    private static let roomWorthAdmitting = 16 << 10

    /// Lets a reader's message be received. Where nothing of it was, the loop has held the reader up, and not its peer: it
    /// waits from now on.
    private func admit(_ id: ConnectionID) {
        let wasHeldUp = !connections[id].receiving.isArmed
        armReceive(id)
        if wasHeldUp, connections[id].deadlines != nil { startedWaitingToRead(id) }
    }

    /// Whether a receive waits for memory that it does not get before something else gives it back.
    var isStarving: Bool { !bufferQueue.isEmpty || messageQueue.count > 1 }

    // MARK: Writing

    /// Queued bytes above which a writer waits: its high watermark, or less while memory is tight.
    @inline(__always)
    func writeLimit(_ id: ConnectionID) -> Int {
        let high = Int(connections[id].sending.highWatermark)
        return memory.value.isTight ? min(high, memoryThreshold) : high
    }

    /// Queued bytes at which a writer goes on, and so does a relay that waits for this side.
    @inline(__always)
    func resumeMark(_ id: ConnectionID) -> Int {
        let low = Int(connections[id].sending.lowWatermark)
        return memory.value.isTight ? min(low, memoryThreshold / 4) : low
    }
}
