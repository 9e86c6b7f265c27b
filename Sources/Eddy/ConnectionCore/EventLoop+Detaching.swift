internal import EddyBuffers
internal import EddyRing

// The way of a connection off its loop:
//
//     queue sent ──▶ receive cancelled ──▶ every last completion ──▶ slot vacated, descriptor and bytes handed out
//
// No receive is armed on the way; bytes that still come from the one in flight are kept.

extension EventLoop {
    /// Gives up the slot and everything of the kernel's that belongs to it, but not the descriptor.
    func detach(_ id: ConnectionID) async throws(ConnectionError) -> sending DetachedConnection {
        connections[id].phase = .detaching
        do {
            try await sendEverything(id)
            try await endReceiving(id)
        } catch {
            connections[id].phase = .open
            release(id)
            throw error
        }
        let received = Int(connections[id].inbound.byteCount)
        let whole = slices.take(received, of: &connections[id].inbound) { pool.allocate($0).relinquish() }
        guard let slice = whole else { unreachable("what the program allocates is never refused") }
        // Within the limit or not: it is the program's now.
        _ = pool.handOut(slice)
        let descriptor = connections[id].descriptor
        vacate(id)
        return DetachedConnection(descriptor: descriptor, received: Buffer(adopting: slice))
    }

    private func sendEverything(_ id: ConnectionID) async throws(ConnectionError) {
        while mustWaitToSend(id), !connections[id].cannotSend {
            guard !connections[id].flags.contains(.writingCancelled) else { throw .cancelled }
            await Suspension.suspend { connections[id].suspendWriter($0) }
        }
        if connections[id].cannotSend { throw ConnectionError(failure: connections[id].failure) }
    }

    private func mustWaitToSend(_ id: ConnectionID) -> Bool {
        guard connections[id].outbound.isEmpty else { return true }
        let flags = connections[id].flags
        return flags.contains(.endsAfterSending) && !flags.contains(.ended)
    }

    /// Waits for the last completions. They come in any case, so a cancelled task waits for them, too.
    private func endReceiving(_ id: ConnectionID) async throws(ConnectionError) {
        cancelReceive(id)
        while connections[id].operations > 0 {
            await Suspension.suspend { connections[id].suspendReader($0) }
        }
        if connections[id].hasFailed { throw ConnectionError(failure: connections[id].failure) }
    }

    /// An operation of a connection that is on its way out has ended.
    func continueEnding(_ id: ConnectionID) {
        switch connections[id].phase {
        case .closing: continueClosing(id)
        case .broken: closeDescriptor(id)
        case .detaching where connections[id].operations == 0: resumeReader(id)
        default: break
        }
    }
}
