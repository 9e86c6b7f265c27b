public import EddyBuffers
internal import EddySystem

extension ConnectionHandle {
    /// Whether the task must be suspended, because there is nothing to read, or because it has read enough and others
    /// must run. The connection then receives more.
    @usableFromInline
    func mustWaitToRead(holding actor: (any Actor)?) -> Bool {
        // On another thread the read throws.
        guard loop.isCurrent else { return false }
        driver.noteWaitingMessage(id)
        guard !driver.connections[id].isReadable else { return driver.turn.value.isOver }
        if driver.connections[id].deadlines != nil { driver.startedWaitingToRead(id) }
        driver.armReceive(id)
        return !loop.poll(for: id, holding: actor) { driver.connections[id].isReadable }
    }

    @usableFromInline
    func suspendReader(_ reader: Waiter) { driver.suspendReader(id, reader) }

    @usableFromInline
    func takeReceived() throws(ConnectionError) -> sending Buffer? {
        try requireLoopThread()
        return try driver.read(id)
    }

    /// Reads what has arrived; waits if nothing has.
    func read() async throws(ConnectionError) -> sending Buffer? {
        while mustWaitToRead(holding: #isolation) {
            await Waiter.suspend { suspendReader($0) }
        }
        return try takeReceived()
    }

    /// Waits for the task's next turn if this one is over.
    func takeTurn() async {
        guard driver.turn.value.isOver else { return }
        await Waiter.suspend { reader in
            driver.connections[id].suspendReader(reader)
            driver.awaitTurn(id)
        }
    }

    func endReading() {
        if isOnLoopThread { driver.endReading(id) }
    }

    /// Runs `body` with a read deadline, within an existing one.
    func withReadDeadline<Success: ~Copyable, Failure: Error>(
        after duration: Duration,
        _ body: @concurrent () async throws(Failure) -> Success
    ) async throws(Failure) -> Success {
        // On another thread, reads throw.
        guard isOnLoopThread else { return try await body() }
        let outer = driver.readDeadline(of: id)
        let inner = driver.now.advanced(by: duration)
        driver.setReadDeadline(min(outer, inner), of: id)
        defer { driver.setReadDeadline(outer, of: id) }
        return try await body()
    }
}
