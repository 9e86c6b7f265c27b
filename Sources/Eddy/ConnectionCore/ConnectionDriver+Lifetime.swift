internal import EddyRing
internal import EddySystem

// A connection's slot: occupied for a descriptor, released by the owner, vacated after the last completion.

extension ConnectionDriver {
    /// Occupies a slot for a new connection, with the loop's watermarks; nil at the connection limit.
    func open(descriptor: Int32, phase: Lifecycle.Phase) -> ConnectionID? {
        guard connections.count < configuration.maximumConnections else { return nil }
        let id = connections.occupy(descriptor: descriptor, phase: phase)
        connections[id].sending.highWatermark = UInt32(configuration.highWatermark)
        connections[id].sending.lowWatermark = UInt32(configuration.lowWatermark)
        memory.value.connectionsChanged(to: connections.count)
        return id
    }

    /// Vacates the slot of a connection that has ended, or has left the loop.
    func vacate(_ id: ConnectionID) {
        assert(connections[id].isIdle, "a slot is vacated after the last completion")
        assert(connections[id].receiving.callback == nil, "an object leaves a connection before its end")
        counters.connectionsClosed += 1
        let listener = connections[id].listener
        leaveQueues(id)
        dropDeadlines(id)
        dropTransform(id)
        connections.remove(id)
        memory.value.connectionsChanged(to: connections.count)
        if connections.count == 0 { stopWatchingUnread() }
        if let listener { unsafe delegate?.connectionClosed(of: listener) }
    }

    /// Takes a connection out of the queues that it is still in: it sends and receives nothing more, and the queues
    /// must not refer to the slot's next connection.
    func leaveQueues(_ id: ConnectionID) {
        if connections[id].sending.unschedule() { sendQueue.removeAll(id) }
        if connections[id].receiving.unpark(.forBuffers) { bufferQueue.removeAll(id) }
        if connections[id].receiving.unpark(.forTurn) { receiveQueue.removeAll(id) }
        if connections[id].receiving.isQueuedForMessage { messageQueue.removeAll(id) }
        connections[id].receiving.isQueuedForMessage = false
    }

    // MARK: The owner

    /// Schedules the close of a connection whose owner is gone.
    func release(_ id: ConnectionID) {
        // A loop that ends closes connections before their owners release them.
        guard connections.isCurrent(id),
            connections[id].lifecycle.isHeld || connections[id].lifecycle.phase == .detaching
        else { return }
        connections[id].lifecycle.move(to: .released)
        closeQueue.append(id)
    }

    /// Closes released connections. This is deferred: a handler that throws releases its connection first, and only
    /// afterwards is it known that the connection must not appear to have ended successfully.
    func closeReleased() {
        while let id = closeQueue.popFirst() { beginClosing(id) }
    }

    /// Marks the connection's owner as failed: a reset follows once the written bytes have been delivered.
    func markFailed(_ id: ConnectionID) {
        if connections.isCurrent(id) { connections[id].lifecycle.end(.resetAfterFlush) }
    }

    /// The peer of a connection whose owner may have released it; nil when its socket is closed.
    func peer(of id: ConnectionID) -> SocketAddress? {
        guard connections.isCurrent(id), connections[id].descriptor >= 0 else { return nil }
        return ring.remoteAddress(of: connections[id].descriptor)?.unmapped
    }
}

extension LoopQueue<ConnectionID> {
    fileprivate func removeAll(_ id: ConnectionID) {
        for _ in 0..<count {
            if let first = popFirst(), first != id { append(first) }
        }
    }
}
