internal import EddyBuffers

// The way of a connection off its loop:
//
//     queue sent ──▶ receive cancelled ──▶ every last completion ──▶ slot vacated, descriptor and bytes handed out
//
// No receive is armed on the way; bytes that still come from the one in flight are kept.

extension EventLoop {
    /// Gives up the slot and everything of the kernel's that belongs to it, but not the descriptor.
    func detach(_ slot: UInt32) async throws(ConnectionError) -> sending DetachedConnection {
        connections[slot].phase = .detaching
        do {
            try await sendEverything(slot)
            try await endReceiving(slot)
        } catch {
            connections[slot].phase = .open
            release(slot)
            throw error
        }
        let received = Int(connections[slot].inbound.byteCount)
        let whole = slices.take(received, of: &connections[slot].inbound) { pool.allocate($0).relinquish() }
        guard let slice = whole else { unreachable("what the program allocates is never refused") }
        // Within the limit or not: it is the program's now.
        _ = pool.handOut(slice)
        let descriptor = connections[slot].descriptor
        vacate(slot)
        return DetachedConnection(descriptor: descriptor, received: Buffer(adopting: slice))
    }

    private func sendEverything(_ slot: UInt32) async throws(ConnectionError) {
        while mustWaitToSend(slot), !connections[slot].cannotSend {
            guard !connections[slot].flags.contains(.writingCancelled) else { throw .cancelled }
            await Suspension.suspend { connections[slot].suspendWriter($0) }
        }
        if connections[slot].cannotSend { throw ConnectionError(failure: connections[slot].failure) }
    }

    private func mustWaitToSend(_ slot: UInt32) -> Bool {
        guard connections[slot].outbound.isEmpty else { return true }
        let flags = connections[slot].flags
        return flags.contains(.endsAfterSending) && !flags.contains(.ended)
    }

    /// Waits for the last completions. They come in any case, so a cancelled task waits for them, too.
    private func endReceiving(_ slot: UInt32) async throws(ConnectionError) {
        cancelReceive(slot)
        while connections[slot].operations > 0 {
            await Suspension.suspend { connections[slot].suspendReader($0) }
        }
        if connections[slot].hasFailed { throw ConnectionError(failure: connections[slot].failure) }
    }

    /// An operation of a connection that is on its way out has ended.
    func continueEnding(_ slot: UInt32) {
        switch connections[slot].phase {
        case .closing: continueClosing(slot)
        case .broken: closeDescriptor(slot)
        case .detaching where connections[slot].operations == 0: resumeReader(slot)
        default: break
        }
    }
}
