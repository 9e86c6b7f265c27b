public import EddyRing

extension EventLoop {
    /// Connects to `address` and runs `body` with the connection, which lives on this loop.
    ///
    /// The connection is closed, in order, when `body` lets go of it, and reset when `body` throws. When the task is
    /// cancelled, what `body` waits for on it throws ``ConnectionError/cancelled``.
    ///
    /// ```swift
    /// try await loop.run {
    ///     try await loop.connect(to: SocketAddress("127.0.0.1:7000")) { connection in
    ///         try await connection.write("hello\n")
    ///     }
    /// }
    /// ```
    ///
    /// - Throws: ``ConnectionError`` if there can be no connection; else what `body` throws.
    /// - Precondition: called on the loop's thread: in a handler of a connection of this loop, or in ``run(_:)``.
    public func connect<Success>(
        to address: SocketAddress,
        _ body: (consuming Connection) async throws -> Success
    ) async throws -> Success {
        requireLoopThread()
        let slot = try startConnecting(to: address)
        let generation = connections[slot].generation
        return try await withTaskCancellationHandler {
            try await finishConnecting(slot, to: address)
            do {
                return try await body(Connection(loop: self, slot: slot))
            } catch {
                abandon(slot, generation: generation)
                throw error
            }
        } onCancel: {
            cancel(slot, generation: generation)
        }
    }

    private func startConnecting(to address: SocketAddress) throws(ConnectionError) -> UInt32 {
        let descriptor: Int32
        do {
            descriptor = try Socket.openStream(for: address)
        } catch {
            throw .cannotConnect(address, error)
        }
        do {
            try Socket.enable(.noDelay, on: descriptor)
        } catch {
            Socket.close(descriptor)
            throw .cannotConnect(address, error)
        }
        guard let slot = connections.occupy(descriptor: descriptor, phase: .connecting) else {
            Socket.close(descriptor)
            throw .tooManyConnections(limit: configuration.maximumConnections)
        }
        unsafe address.withSystemAddress { pointer, length in
            let entry = unsafe SubmissionEntry.connect(
                descriptor: descriptor,
                address: pointer,
                addressLength: length,
                token: token(.connect, slot)
            )
            submit(entry)
            connections[slot].operations += 1
            // The kernel copies the address when it takes the submission, so it takes it while the address is there.
            enter(waitFor: 0, deadline: nil)
        }
        makeDeadlines(slot)
        setTimer(of: slot, at: MonotonicClock.now.advanced(by: configuration.connectTimeout))
        return slot
    }

    /// A connect that has not ended by now is given up.
    func connectTimedOut(_ slot: UInt32) {
        fail(slot, SystemError.timedOut.code)
    }

    private func finishConnecting(_ slot: UInt32, to address: SocketAddress) async throws(ConnectionError) {
        while connections[slot].operations > 0 {
            await Suspension.suspend { connections[slot].reader = $0 }
        }
        dropDeadlines(slot)
        let failure = connections[slot].failure
        guard failure != 0 else {
            connections[slot].phase = .open
            counters.connectionsOpened += 1
            applyTimeouts(slot)
            return
        }
        Socket.close(connections[slot].descriptor)
        connections.vacate(slot)
        switch failure {
        case ConnectionError.cancelledCode, ConnectionError.shutDownCode: throw ConnectionError(failure: failure)
        case SystemError.connectionRefused.code: throw .refused(address)
        default: throw .cannotConnect(address, SystemError(failure))
        }
    }

    /// The connect ended, one way or the other.
    func connected(_ completion: CompletionEntry, slot: UInt32) {
        connections[slot].operations -= 1
        if let error = completion.error { fail(slot, error.code) }
        resumeReader(slot)
    }
}
