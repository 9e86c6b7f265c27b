// How a task that has read enough in a row lets others run; see ``Turn``.
//
// And how connections let others receive. While memory is tight, receives are single ones of few bytes each. A thousand
// peers that push would then all have one in each `enter`, and who asks little would wait for all of them:
//
//     socket was emptied      armed at once: it waits in the kernel, and costs nothing until the peer sends
//     socket holds more       ──▶ receiveQueue ──▶ a few in each iteration

extension EventLoop {
    /// Suspends a reader: until there is something to read, or, where there is, until others have had their turns.
    @inline(__always)
    func suspendReader(_ slot: UInt32, _ reader: Suspension) {
        connections[slot].suspendReader(reader)
        if turn.value.isOver, isReadable(slot) { awaitTurn(slot) }
    }

    /// Returns in the task's next turn if this one is over.
    func takeTurn(_ slot: UInt32) async {
        guard turn.value.isOver else { return }
        await Suspension.suspend { reader in
            connections[slot].suspendReader(reader)
            awaitTurn(slot)
        }
    }

    private func awaitTurn(_ slot: UInt32) {
        connections[slot].flags.insert(.awaitsTurn)
        turnQueue.append(slot)
    }

    /// Whether the connection has more to receive, and others come first.
    func mustAwaitReceiveTurn(_ slot: UInt32) -> Bool {
        memory.value.isTight && !connections[slot].flags.contains(.warm)
    }

    func awaitReceiveTurn(_ slot: UInt32) {
        connections[slot].flags.insert(.awaitsReceiveTurn)
        receiveQueue.append(slot)
    }

    /// The next of those that have more to receive do so.
    func beginReceiveTurns() {
        for _ in 0..<min(receiveQueue.count, Self.receivesAnIteration) {
            guard let slot = receiveQueue.popFirst() else { return }
            connections[slot].flags.remove(.awaitsReceiveTurn)
            connections[slot].flags.insert(.warm)
            receiveAgain(slot)
        }
    }

    /// There are no chunks: who awaits a turn to receive awaits memory.
    func parkReceiveTurns() {
        while let slot = receiveQueue.popFirst() {
            connections[slot].flags.remove(.awaitsReceiveTurn)
            waitForMemory(slot)
        }
    }

    /// At 10 µs for each with the send that follows, an iteration takes a millisecond.
    private static let receivesAnIteration = 64

    /// The kernel has been heard, and others have their jobs: those whose turns were over go on after them.
    func beginTurns() {
        for _ in 0..<turnQueue.count {
            guard let slot = turnQueue.popFirst() else { return }
            // Something else may have resumed the reader, which then waits for something else.
            if connections[slot].flags.contains(.awaitsTurn) { resumeReader(slot) }
        }
    }
}
