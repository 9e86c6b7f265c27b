// How a task that has read enough in a row yields to others; see ``Turn``.
//
// And how connections yield to others when they receive. While memory is tight, receives are single ones of few bytes
// each. A thousand peers that send continuously would then all have one in each `enter`, and a connection with small
// requests would wait for all of them:
//
//     socket was emptied      armed at once: it waits in the kernel, and costs nothing until the peer sends
//     socket holds more       ──▶ receiveQueue ──▶ a few in each iteration

extension ConnectionDriver {
    func awaitTurn(_ id: ConnectionID) {
        connections[id].receiving.awaitTurn()
        turnQueue.append(id)
    }

    /// Whether the connection has more to receive but must let others receive first.
    func mustAwaitReceiveTurn(_ id: ConnectionID) -> Bool {
        memory.value.isTight && !connections[id].receiving.hints.contains(.pollFirst)
    }

    func awaitReceiveTurn(_ id: ConnectionID) {
        connections[id].receiving.park(.forTurn)
        receiveQueue.append(id)
    }

    /// Begins the next few receives of connections that have more to receive.
    func beginReceiveTurns() {
        for _ in 0..<min(receiveQueue.count, Self.receivesAnIteration) {
            guard let id = receiveQueue.popFirst() else { return }
            connections[id].receiving.unpark(.forTurn)
            connections[id].receiving.hints.insert(.pollFirst)
            receiveAgain(id)
        }
    }

    /// Moves connections that await a turn to receive to the queue for memory, because there are no chunks.
    func parkReceiveTurns() {
        while let id = receiveQueue.popFirst() {
            connections[id].receiving.unpark(.forTurn)
            awaitBuffers(id)
        }
    }

    /// At 10 µs for each receive with the send that follows, an iteration takes a millisecond.
    private static let receivesAnIteration = 64

    /// Resumes the readers whose turns were over, after the kernel's completions and the jobs of other tasks.
    func beginTurns() {
        for _ in 0..<turnQueue.count {
            guard let id = turnQueue.popFirst() else { return }
            // Something else may have resumed the reader, which may now wait for something else.
            if connections[id].receiving.awaitsTurn { resumeReader(id) }
        }
    }
}
