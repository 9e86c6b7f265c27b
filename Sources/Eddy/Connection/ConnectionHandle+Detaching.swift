internal import EddyBuffers

// How a connection leaves its loop:
//
//     queue sent ──▶ receive cancelled ──▶ every last completion ──▶ slot vacated, descriptor and bytes handed out
//
// No receive is armed in the meantime; bytes that still arrive from the one in flight are kept.

extension ConnectionHandle {
    /// Gives up the slot and all associated kernel resources except the descriptor.
    func detach() async throws(ConnectionError) -> sending DetachedConnection {
        try driver.connections[id].lifecycle.requireUnfailed()
        // The bytes on the descriptor would differ from those of the connection.
        guard driver.connections[id].transform == .none else { throw .option(.notSupported) }
        driver.connections[id].lifecycle.move(to: .detaching)
        do {
            try await sendEverything()
            try await endReceiving()
        } catch {
            driver.release(id)
            throw error
        }
        let received = Int(driver.connections[id].receiving.queue.byteCount)
        let whole = driver.slices.take(received, of: &driver.connections[id].receiving.queue) {
            driver.pool.allocate($0).relinquish()
        }
        guard let slice = whole else { unreachable("what the program allocates is never refused") }
        // The memory is the program's now, within the limit or not.
        _ = driver.pool.transferToHandler(slice)
        let descriptor = driver.connections[id].descriptor
        driver.vacate(id)
        return DetachedConnection(descriptor: descriptor, received: Buffer(adopting: slice))
    }

    private func sendEverything() async throws(ConnectionError) {
        while mustWaitToSend, !driver.connections[id].lifecycle.cannotSend {
            guard !driver.connections[id].sending.isCancelled else { throw .cancelled }
            await Waiter.suspend { driver.connections[id].sending.suspend($0) }
        }
        try driver.connections[id].lifecycle.requireSending()
    }

    private var mustWaitToSend: Bool {
        guard driver.connections[id].sending.queue.isEmpty else { return true }
        return driver.connections[id].sending.output == .finPending
    }

    /// Waits for the last completions. They come in any case, so even a cancelled task waits for them.
    private func endReceiving() async throws(ConnectionError) {
        driver.cancelReceive(id)
        while !driver.connections[id].isIdle {
            await Waiter.suspend { driver.connections[id].suspendReader($0) }
        }
        try driver.connections[id].lifecycle.requireUnfailed()
    }
}
