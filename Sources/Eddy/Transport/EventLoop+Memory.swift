internal import EddyBuffers

// What a connection may receive and queue, by its part of the loop's memory (``MemoryBudget``):
//
//     received and not read      ├──────────────┤            receives stop where both together come to the threshold,
//     (relayed: queued there)                                or to the receive window; 64 KiB may come in any case, so
//     queued for sending         ├──────┤                    that a full send queue does not keep its peer from talking
//
// A reader that waits for a message may receive beyond its window, up to the threshold. Where the threshold is less than
// the message, it waits in a queue, and the first in that queue may receive its message in any case: so large messages
// complete one after the other, however many begin.

extension EventLoop {
    /// The most bytes that a connection may hold now.
    @inline(__always)
    var memoryThreshold: Int { memory.value.threshold(queuedBytes: slices.footprint) }

    /// Bytes that may come however much the same connection has queued for sending.
    private static let assuredRoom = 64 << 10

    /// Receives that are in flight were given room that is no more: they end, and are submitted again with less.
    func memoryBecameTight() {
        counters.memoryShortages += 1
        connections.forEachOccupied { cancelReceive($0) }
    }

    /// Bytes that the connection may receive now; 0 or less: none.
    func receiveRoom(_ slot: UInt32) -> Int {
        let room = unsharedRoom(slot)
        return memory.value.isTight ? min(room, memory.value.share) : room
    }

    private func unsharedRoom(_ slot: UInt32) -> Int {
        let threshold = memoryThreshold
        let peer = connections[slot].relayPeer
        let backlog =
            peer == ConnectionState.noSlot
            ? connections[slot].inbound.footprint : connections[peer].outbound.footprint
        let allowed = min(configuration.receiveWindow, threshold)
        let room = max(
            allowed - backlog - connections[slot].outbound.footprint,
            min(allowed, Self.assuredRoom) - backlog
        )
        guard room <= 0, connections[slot].expectedBytes > 0 else { return room }
        return min(missingBytes(slot), threshold - backlog)
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

    /// Lets messages be received for which there is room now; and the first of the others, whatever room there is.
    func admitMessages() {
        while let slot = messageQueue.first {
            let state = connections[slot]
            guard state.flags.contains(.awaitsMemory) else {
                _ = messageQueue.popFirst()
                continue
            }
            let isWaiting = state.phase == .open && state.expectedBytes > 0 && missingBytes(slot) > 0
            if !isWaiting || receiveRoom(slot) > 0 {
                _ = messageQueue.popFirst()
                connections[slot].flags.remove(.awaitsMemory)
                if isWaiting { armReceive(slot) }
                continue
            }
            // The first of those that wait holds the rest up until its message is complete, or it is shed.
            if canReceive(slot) { submitReceive(slot, room: missingBytes(slot)) }
            return watchStarvation()
        }
        endStarvation()
    }

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
