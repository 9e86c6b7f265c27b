extension EventLoop {
    /// A vacant slot for a new connection, with the loop's watermarks; nil at the limit of connections.
    func occupySlot(descriptor: Int32, phase: ConnectionState.Phase) -> UInt32? {
        guard let slot = connections.occupy(descriptor: descriptor, phase: phase) else { return nil }
        connections[slot].highWatermark = UInt32(configuration.highWatermark)
        connections[slot].lowWatermark = UInt32(configuration.lowWatermark)
        memory.value.connectionsChanged(to: connections.count)
        return slot
    }

    /// The connection is no more, or no longer the loop's.
    func vacate(_ slot: UInt32) {
        counters.connectionsClosed += 1
        let listener = connections[slot].listener
        leaveQueues(slot)
        dropDeadlines(slot)
        connections.vacate(slot)
        memory.value.connectionsChanged(to: connections.count)
        if connections.count == 0 { stopWatchingUnread() }
        if listener != ConnectionState.noListener { listeners[Int(listener)]?.connectionClosed() }
    }

    /// Takes a slot out of the queues that it is still in: nothing is sent or received there any more, and its next
    /// owner must not be found.
    func leaveQueues(_ slot: UInt32) {
        if connections[slot].flags.contains(.queuedToSend) { sendQueue.removeAll(slot) }
        if connections[slot].flags.contains(.starved) { starvedQueue.removeAll(slot) }
        if connections[slot].flags.contains(.awaitsMemory) { messageQueue.removeAll(slot) }
        if connections[slot].flags.contains(.awaitsReceiveTurn) { receiveQueue.removeAll(slot) }
        connections[slot].flags.subtract([.queuedToSend, .starved, .awaitsMemory, .awaitsReceiveTurn])
    }
}

extension LoopQueue<UInt32> {
    fileprivate func removeAll(_ slot: UInt32) {
        for _ in 0..<count {
            if let first = popFirst(), first != slot { append(first) }
        }
    }
}
