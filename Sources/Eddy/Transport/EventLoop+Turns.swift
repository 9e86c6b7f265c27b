// How a task that has read enough in a row lets others run; see ``Turn``.

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

    /// The kernel has been heard, and others have their jobs: those whose turns were over go on after them.
    func beginTurns() {
        for _ in 0..<turnQueue.count {
            guard let slot = turnQueue.popFirst() else { return }
            // Something else may have resumed the reader, which then waits for something else.
            if connections[slot].flags.contains(.awaitsTurn) { resumeReader(slot) }
        }
    }
}
