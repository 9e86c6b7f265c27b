extension EventLoop {
    /// A vacant slot for a new connection, with the loop's watermarks; nil at the limit of connections.
    func occupySlot(descriptor: Int32, phase: ConnectionState.Phase) -> UInt32? {
        guard let slot = connections.occupy(descriptor: descriptor, phase: phase) else { return nil }
        connections[slot].highWatermark = UInt32(configuration.highWatermark)
        connections[slot].lowWatermark = UInt32(configuration.lowWatermark)
        return slot
    }

    /// The connection is no more, or no longer the loop's.
    func vacate(_ slot: UInt32) {
        counters.connectionsClosed += 1
        let listener = connections[slot].listener
        if connections[slot].flags.contains(.queuedToSend) || connections[slot].flags.contains(.starved) {
            forget(slot)
        }
        dropDeadlines(slot)
        connections.vacate(slot)
        if listener != ConnectionState.noListener { listeners[Int(listener)]?.connectionClosed() }
    }

    /// Takes a slot out of the queues that it is still in; its next owner must not be found there.
    private func forget(_ slot: UInt32) {
        for _ in 0..<sendQueue.count {
            if let queued = sendQueue.popFirst(), queued != slot { sendQueue.append(queued) }
        }
        for _ in 0..<starvedQueue.count {
            if let starved = starvedQueue.popFirst(), starved != slot { starvedQueue.append(starved) }
        }
    }
}
