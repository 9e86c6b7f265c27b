// A task that is cancelled must not wait any more. Its cancellation is installed once a connection (`connect`) or once
// a side (`concurrently`), never for a single read: that would cost more than the read. It leaves a mark in the slot,
// which is looked at where a task is about to wait:
//
//     before:  the mark is there when the task is about to wait        it throws instead
//     while:   a task waits                                            it is resumed, finds the mark, throws
//     after:   the task was resumed already, with bytes or with room   it gets them; its next wait throws
//
// What was queued goes on to be sent. The receive in flight is ended, so that a task that reads for as long as there
// are bytes comes to the end of them, however fast the peer sends. What it had received by then is in the queue, where
// the next read finds it; the rest stays in the socket.

extension EventLoop {
    /// What a task does with a connection.
    struct Sides: OptionSet, Sendable {
        let rawValue: UInt8
        static let reading = Sides(rawValue: 1 << 0)
        static let writing = Sides(rawValue: 1 << 1)
        static let both: Sides = [.reading, .writing]
    }

    /// Ends the waits of a task that is being cancelled. Any thread.
    func cancel(_ slot: UInt32, generation: UInt32, sides: Sides = .both) {
        guard isCurrent else {
            _ = mailbox.post(.work { self.cancel(slot, generation: generation, sides: sides) })
            return
        }
        guard connections.isCurrent(slot, generation: generation) else { return }
        switch connections[slot].phase {
        case .open where connections[slot].isRelaying:
            // The other connection's bytes are under way here, and nobody would send the rest.
            reset(slot, failure: ConnectionError.cancelledCode)
        case .open, .detaching:
            if sides.contains(.reading) { cancelReading(slot) }
            if sides.contains(.writing) { cancelWriting(slot) }
        case .connecting, .broken, .released, .closing, .vacant: break
        }
    }

    private func cancelReading(_ slot: UInt32) {
        connections[slot].flags.insert(.readingCancelled)
        cancelReceive(slot)
        resumeReader(slot)
    }

    private func cancelWriting(_ slot: UInt32) {
        connections[slot].flags.insert(.writingCancelled)
        resumeWriter(slot)
    }
}
