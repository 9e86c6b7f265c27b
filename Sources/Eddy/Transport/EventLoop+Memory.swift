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

extension EventLoop {
    /// The most bytes that a connection may hold now.
    @inline(__always)
    var memoryThreshold: Int {
        let promised = memory.value.isTight ? promisedBytes.value : 0
        return memory.value.threshold(queuedBytes: slices.footprint + promised)
    }

    /// A single receive is submitted while memory is tight: what it may bring counts from now on.
    func promise(_ byteCount: Int, to slot: UInt32) {
        // A single receive brings no more than a chunk.
        let promised = min(byteCount, max(receiveRing.chunkSize, Self.bulkSize))
        connections[slot].promisedBytes = UInt32(truncatingIfNeeded: promised)
        promisedBytes.value += promised
    }

    /// The receive has ended: what it has brought is queued.
    @inline(__always)
    func endPromise(_ slot: UInt32) {
        promisedBytes.value -= Int(connections[slot].promisedBytes)
        connections[slot].promisedBytes = 0
    }

    /// Bytes that may come however much the same connection has queued for sending.
    private var assuredRoom: Int { memory.value.isTight ? memory.value.floor / 4 : 64 << 10 }

    /// Receives that are in flight were given room that is no more: they end, and are submitted again with less.
    func memoryBecameTight() {
        counters.memoryShortages += 1
        connections.forEachOccupied { cancelReceive($0) }
    }

    /// Bytes that the connection may receive now; 0 or less: none.
    func receiveRoom(_ slot: UInt32) -> Int {
        let room = windowRoom(slot)
        return room <= 0 && connections[slot].expectedBytes > 0 ? messageRoom(slot) : room
    }

    /// Bytes that the connection may receive whether its reader waits for a message or not.
    func windowRoom(_ slot: UInt32) -> Int {
        let peer = connections[slot].relayPeer
        let backlog =
            peer == ConnectionState.noSlot
            ? connections[slot].inbound.footprint : connections[peer].outbound.footprint
        let allowed = min(configuration.receiveWindow, memoryThreshold)
        let room = max(
            allowed - backlog - connections[slot].outbound.footprint,
            min(allowed, assuredRoom) - backlog
        )
        return sharedRoom(room)
    }

    /// Bytes that a reader that waits for a message may receive beyond the window.
    func messageRoom(_ slot: UInt32) -> Int {
        sharedRoom(min(missingBytes(slot), memoryThreshold - connections[slot].inbound.footprint))
    }

    private func sharedRoom(_ room: Int) -> Int {
        memory.value.isTight ? min(room, memory.value.share) : room
    }

    /// Bytes that the reader's message lacks.
    private func missingBytes(_ slot: UInt32) -> Int {
        Int(connections[slot].expectedBytes) - Int(connections[slot].inbound.byteCount)
    }

    // MARK: Messages beyond the threshold

    /// A reader waits for a message for which there is no room: it is received when its turn has come.
    func awaitMemoryForMessage(_ slot: UInt32) {
        guard !connections[slot].flags.contains(.awaitsMemory) else { return }
        connections[slot].flags.insert(.awaitsMemory)
        messageQueue.append(slot)
    }

    /// Lets messages be received for which there is room now; and the first of the others, even without room.
    func admitMessages() {
        while let slot = messageQueue.first {
            let state = connections[slot]
            guard state.flags.contains(.awaitsMemory) else {
                _ = messageQueue.popFirst()
                continue
            }
            let isWaiting = state.phase == .open && state.expectedBytes > 0 && missingBytes(slot) > 0
            // A few bytes of room are not worth the place in the queue.
            if !isWaiting || receiveRoom(slot) >= min(missingBytes(slot), Self.roomWorthAdmitting) {
                _ = messageQueue.popFirst()
                connections[slot].flags.remove(.awaitsMemory)
                if isWaiting { admit(slot) }
                continue
            }
            // The first of those that wait holds the rest up until its message is complete, or it is shed.
            if canReceive(slot) { submitReceive(slot, room: missingBytes(slot), isSingle: true) }
            break
        }
        if isStarving { watchStarvation() } else { endStarvation() }
    }

    private static let roomWorthAdmitting = 16 << 10

    /// Lets a reader's message be received. Where nothing of it was, the loop has held the reader up, and not its peer: it
    /// waits from now on.
    private func admit(_ slot: UInt32) {
        let wasHeldUp = !connections[slot].flags.contains(.receiving)
        armReceive(slot)
        if wasHeldUp, connections[slot].deadlines != SlotIndex.none { startedWaitingToRead(slot) }
    }

    /// Whether a receive waits for memory that it does not get before something else gives it back.
    var isStarving: Bool { !starvedQueue.isEmpty || messageQueue.count > 1 }

    // MARK: Writing

    /// Queued bytes above which a writer waits: its high watermark, or less while memory is tight.
    @inline(__always)
    func writeLimit(_ slot: UInt32) -> Int {
        let high = Int(connections[slot].highWatermark)
        return memory.value.isTight ? min(high, memoryThreshold) : high
    }

    /// Queued bytes at which a writer goes on, and so does a relay that waits for this side.
    @inline(__always)
    func resumeMark(_ slot: UInt32) -> Int {
        let low = Int(connections[slot].lowWatermark)
        return memory.value.isTight ? min(low, memoryThreshold / 4) : low
    }
}
