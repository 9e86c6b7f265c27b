internal import EddyBuffers
internal import EddyRing

extension ConnectionDriver {
    /// Performs the effects of a transition of the connection.
    func perform(_ effects: ConnectionEffects, on id: ConnectionID) {
        if effects.isEmpty { return }
        assert(connections.isCurrent(id), "effects are performed on a connection that is there")
        if effects.contains(.failConnector), let connector = connections[id].connector {
            unsafe delegate?.connectionFailed(connections[id].lifecycle.failure.code, of: connector)
        }
        if effects.contains(.dropQueued) { slices.removeAll(of: &connections[id].sending.queue) }
        if effects.contains(.shutDownWriting) { ring.shutdownWrite(connections[id].descriptor) }
        if effects.contains(.resumeReader) { resumeReader(id) }
        if effects.contains(.resumeWriter) { resumeWriter(id) }
        if effects.contains(.callBack), connections[id].receiving.callback != nil { resumeReader(id) }
        if effects.contains(.dropReceived) { slices.removeAll(of: &connections[id].receiving.queue) }
        if effects.contains(.cancelReceive) { cancelReceive(id) }
        if effects.contains(.armReceive) { armReceive(id) }
        if effects.contains(.closeDescriptor) { closeDescriptor(id) }
        if effects.contains(.continueClosing) { continueClosing(id) }
    }

    /// Resumes the task that reads, or calls the object that uses the connection soon.
    @inline(__always)
    func resumeReader(_ id: ConnectionID) {
        switch connections[id].receiving.resumeReader() {
        case .none: break
        case .task(let waiter): waiter.resume()
        case .callback: readyQueue.append(id)
        }
    }

    @inline(__always)
    func resumeWriter(_ id: ConnectionID) {
        switch connections[id].sending.takeWriter() {
        case .none: break
        case .task(let waiter): waiter.resume()
        case .callback: resumeReader(id)
        }
    }

    // MARK: Events that only perform a transition

    /// Fails the connection: resumes its waiters, and closes its descriptor with a reset. The first failure counts.
    func fail(_ id: ConnectionID, _ code: Int32) { perform(connections[id].fail(code), on: id) }

    /// Fails the connection like ``fail(_:_:)``, and resets it for the peer. The slot is vacated now if the owner is
    /// gone, and otherwise as soon as the owner releases it.
    func reset(_ id: ConnectionID, failure: Int32) { perform(connections[id].reset(failure), on: id) }

    /// Fails the sending direction; see ``ConnectionState/failSending(_:)``.
    func sendingFailed(_ id: ConnectionID, _ code: Int32) { perform(connections[id].failSending(code), on: id) }

    /// Drops the received bytes and all that arrive later.
    func endReading(_ id: ConnectionID) { perform(connections[id].endReading(), on: id) }

    /// Continues the end of a connection after one of its operations has completed.
    func continueEnding(_ id: ConnectionID) { perform(connections[id].continueEnding(), on: id) }

    /// Drains the connection, because its server shuts down.
    func drain(_ id: ConnectionID) {
        perform(connections[id].beginDraining(holdsBytes: holdsBytes(id)), on: id)
    }

    /// Cancels the waits of the task that uses a connection, because the task is being cancelled. A cancellation
    /// handler is installed once per connection (`connect`) or once per side (`concurrently`), never per read: that
    /// would cost more than the read. It sets a flag, which is tested before a task waits:
    ///
    ///     before:  the flag is set when the task is about to wait          it throws instead
    ///     while:   a task waits                                            it is resumed, finds the flag, throws
    ///     after:   the task was resumed already, with bytes or with room   it gets them; its next wait throws
    ///
    /// Queued bytes are still sent. The receive in flight is cancelled, so that a task that reads for as long as there
    /// are bytes reaches the end of them, however fast the peer sends. Bytes received by then are in the queue for the
    /// next read; the rest stay in the socket.
    func cancel(_ id: ConnectionID, sides: ConnectionSides) {
        guard connections.isCurrent(id) else { return }
        perform(connections[id].cancel(sides), on: id)
    }

    // MARK: Draining

    // A server that shuts down accepts no further messages, and finishes those in progress:
    //
    //     waits for a message, and none is there    the read returns nil, as at EOF; the handler closes
    //     a message or its answer is in progress    it is finished; the handler's wait for the next one returns nil
    //     one task reads and another writes         not affected: a write does not show which message was answered
    //     relayed                                   not affected: the message boundaries are unknown
    //     closing                                   waits for the peer's FIN only while the peer keeps sending
    //
    // A message is in progress if bytes have been received since the last write, or lie unread in the socket. If a
    // handler has read the beginning of the next message together with the one that it answers, it gets EOF within the
    // next one.

    /// Counts a message that is still in the socket as in progress.
    @inline(__always)
    func noteWaitingMessage(_ id: ConnectionID) {
        if connections[id].drain.isComplete, holdsBytes(id) { connections[id].drain.isUnanswered = true }
    }

    /// Whether the socket holds bytes that have not been received.
    private func holdsBytes(_ id: ConnectionID) -> Bool {
        connections[id].descriptor >= 0 && ring.bytesToReceive(connections[id].descriptor) > 0
    }
}
