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

extension ConnectionDriver {
    /// What a task does with a connection.
    struct Sides: OptionSet, Sendable {
        let rawValue: UInt8
        static let reading = Sides(rawValue: 1 << 0)
        static let writing = Sides(rawValue: 1 << 1)
        static let both: Sides = [.reading, .writing]
    }

    /// Ends the waits of a task that is being cancelled.
    func cancel(_ id: ConnectionID, sides: Sides = .both) {
        guard connections.isCurrent(id) else { return }
        switch connections[id].phase {
        case .open where connections[id].isRelaying:
            // The other connection's bytes are under way here, and nobody would send the rest.
            reset(id, failure: ConnectionError.cancelledCode)
        case .open, .detaching:
            if sides.contains(.reading) { cancelReading(id) }
            if sides.contains(.writing) { cancelWriting(id) }
        case .connecting, .broken, .released, .closing, .vacant: break
        }
    }

    private func cancelReading(_ id: ConnectionID) {
        connections[id].flags.insert(.readingCancelled)
        cancelReceive(id)
        resumeReader(id)
    }

    private func cancelWriting(_ id: ConnectionID) {
        connections[id].flags.insert(.writingCancelled)
        resumeWriter(id)
    }
}
