extension ConnectionDriver {
    /// A vacant slot for a new connection, with the loop's watermarks; nil at the limit of connections.
    func occupySlot(descriptor: Int32, phase: ConnectionState.Phase) -> ConnectionID? {
        guard connections.count < configuration.maximumConnections else { return nil }
        let id = connections.occupy(descriptor: descriptor, phase: phase)
        connections[id].highWatermark = UInt32(configuration.highWatermark)
        connections[id].lowWatermark = UInt32(configuration.lowWatermark)
        memory.value.connectionsChanged(to: connections.count)
        return id
    }

    /// The connection is no more, or no longer the loop's.
    func vacate(_ id: ConnectionID) {
        counters.connectionsClosed += 1
        let listener = connections[id].listener
        leaveQueues(id)
        dropDeadlines(id)
        connections.remove(id)
        memory.value.connectionsChanged(to: connections.count)
        if connections.count == 0 { stopWatchingUnread() }
        if let listener { unsafe delegate?.connectionClosed(of: listener) }
    }

    /// Takes a slot out of the queues that it is still in: nothing is sent or received there any more, and its next
    /// owner must not be found.
    func leaveQueues(_ id: ConnectionID) {
        if connections[id].flags.contains(.queuedToSend) { sendQueue.removeAll(id) }
        if connections[id].flags.contains(.starved) { starvedQueue.removeAll(id) }
        if connections[id].flags.contains(.awaitsMemory) { messageQueue.removeAll(id) }
        if connections[id].flags.contains(.awaitsReceiveTurn) { receiveQueue.removeAll(id) }
        connections[id].flags.subtract([.queuedToSend, .starved, .awaitsMemory, .awaitsReceiveTurn])
    }
}

extension LoopQueue<ConnectionID> {
    fileprivate func removeAll(_ id: ConnectionID) {
        for _ in 0..<count {
            if let first = popFirst(), first != id { append(first) }
        }
    }
}
