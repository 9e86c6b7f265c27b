// How a task that has read enough in a row lets others run; see ``Turn``.
//
// And how connections let others receive. While memory is tight, receives are single ones of few bytes each. A thousand
// peers that push would then all have one in each `enter`, and who asks little would wait for all of them:
//
//     socket was emptied      armed at once: it waits in the kernel, and costs nothing until the peer sends
//     socket holds more       ──▶ receiveQueue ──▶ a few in each iteration

extension ConnectionDriver {
    func awaitTurn(_ id: ConnectionID) {
        connections[id].receiving.awaitTurn()
        turnQueue.append(id)
    }

    /// Whether the connection has more to receive, and others come first.
    func mustAwaitReceiveTurn(_ id: ConnectionID) -> Bool {
        memory.value.isTight && !connections[id].receiving.hints.contains(.pollFirst)
    }

    func awaitReceiveTurn(_ id: ConnectionID) {
        connections[id].receiving.park(.forTurn)
        receiveQueue.append(id)
    }

    /// The next of those that have more to receive do so.
    func beginReceiveTurns() {
        for _ in 0..<min(receiveQueue.count, Self.receivesAnIteration) {
            guard let id = receiveQueue.popFirst() else { return }
            connections[id].receiving.unpark(.forTurn)
            connections[id].receiving.hints.insert(.pollFirst)
            receiveAgain(id)
        }
    }

    /// There are no chunks: who awaits a turn to receive awaits memory.
    func parkReceiveTurns() {
        while let id = receiveQueue.popFirst() {
            connections[id].receiving.unpark(.forTurn)
            awaitBuffers(id)
        }
    }

    /// At 10 µs for each with the send that follows, an iteration takes a millisecond.
    private static let receivesAnIteration = 64

    /// The kernel has been heard, and others have their jobs: those whose turns were over go on after them.
    func beginTurns() {
        for _ in 0..<turnQueue.count {
            guard let id = turnQueue.popFirst() else { return }
            // Something else may have resumed the reader, which then waits for something else.
            if connections[id].receiving.awaitsTurn { resumeReader(id) }
        }
    }
}
