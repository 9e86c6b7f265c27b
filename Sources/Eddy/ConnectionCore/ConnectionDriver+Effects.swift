internal import EddyBuffers
internal import EddyRing

extension ConnectionDriver {
    /// Performs what a transition of the connection calls for.
    func perform(_ effects: ConnectionEffects, on id: ConnectionID) {
        if effects.isEmpty { return }
        assert(connections.isCurrent(id), "effects are performed on a connection that is there")
        if effects.contains(.failConnector), let connector = connections[id].connector {
            unsafe delegate?.connectionFailed(connections[id].lifecycle.failure.code, of: connector)
        }
        if effects.contains(.failRelay), connections[id].isRelaying { relayFailed(id) }
        if effects.contains(.endRelayDirection) { endRelayDirection(from: id) }
        if effects.contains(.dropQueued) { slices.removeAll(of: &connections[id].sending.queue) }
        if effects.contains(.shutDownWriting) { ring.shutdownWrite(connections[id].descriptor) }
        if effects.contains(.resumeReader) { resumeReader(id) }
        if effects.contains(.resumeWriter) { resumeWriter(id) }
        if effects.contains(.limitRelay), connections[id].isRelaying { limitRelaying(from: id) }
        if effects.contains(.finishRelay), connections[id].isRelaying { finishRelayIfDone(id) }
        if effects.contains(.dropReceived) { slices.removeAll(of: &connections[id].receiving.queue) }
        if effects.contains(.cancelReceive) { cancelReceive(id) }
        if effects.contains(.armReceive) { armReceive(id) }
        if effects.contains(.closeDescriptor) { closeDescriptor(id) }
        if effects.contains(.continueClosing) { continueClosing(id) }
    }

    @inline(__always)
    func resumeReader(_ id: ConnectionID) { connections[id].receiving.takeReader()?.resume() }

    @inline(__always)
    func resumeWriter(_ id: ConnectionID) { connections[id].sending.takeWriter()?.resume() }

    // MARK: Events that need no more than that

    /// Breaks the connection: what waits for it is told, and its descriptor is closed with a reset. The first failure is
    /// the one that counts.
    func fail(_ id: ConnectionID, _ code: Int32) { perform(connections[id].fail(code), on: id) }

    /// Breaks the connection as ``fail(_:_:)``, and its peer sees a reset. Its slot is vacated now if its owner is gone, and
    /// otherwise as soon as the owner releases it.
    func reset(_ id: ConnectionID, failure: Int32) { perform(connections[id].reset(failure), on: id) }

    /// Nothing can be sent any more; see ``ConnectionState/failSending(_:)``.
    func sendingFailed(_ id: ConnectionID, _ code: Int32) { perform(connections[id].failSending(code), on: id) }

    /// Drops what has come and all else that comes.
    func endReading(_ id: ConnectionID) { perform(connections[id].endReading(), on: id) }

    /// An operation of a connection that is on its way out has ended.
    func continueEnding(_ id: ConnectionID) { perform(connections[id].continueEnding(), on: id) }

    /// The connection's server shuts down.
    func drain(_ id: ConnectionID) {
        perform(connections[id].beginDraining(holdsBytes: holdsBytes(id)), on: id)
    }

    /// The task that uses a connection is being cancelled. It must not wait any more. Its cancellation is installed once a
    /// connection (`connect`) or once a side (`concurrently`), never for a single read: that would cost more than the read.
    /// It leaves a mark, which is tested where a task is about to wait:
    ///
    ///     before:  the mark is there when the task is about to wait        it throws instead
    ///     while:   a task waits                                            it is resumed, finds the mark, throws
    ///     after:   the task was resumed already, with bytes or with room   it gets them; its next wait throws
    ///
    /// What was queued is still sent. The receive in flight is ended, so that a task that reads for as long as there are
    /// bytes comes to the end of them, however fast the peer sends. What it had received by then is in the queue, where the
    /// next read finds it; the rest stays in the socket.
    func cancel(_ id: ConnectionID, sides: ConnectionSides) {
        guard connections.isCurrent(id) else { return }
        perform(connections[id].cancel(sides), on: id)
    }

    // MARK: Draining

    // A server that shuts down takes no further messages, and finishes those that it has:
    //
    //     waits for a message, and none is there  the read returns nil, as at EOF; the handler closes
    //     a message is under way, or its answer   is finished; nil when the handler waits for the next one
    //     one task reads and another writes       is not affected: what is written says nothing of what was read
    //     relayed                                 is not affected: where its messages end is not known
    //     closing                                 the peer's end is waited for no longer than it still sends
    //
    // A message is under way from the first byte that was received, or lay unread, since something was last written. A
    // handler that has taken the beginning of the next message with the one that it answers is told the end within it.

    /// A message that the socket holds is under way, too.
    @inline(__always)
    func noteWaitingMessage(_ id: ConnectionID) {
        if connections[id].drain.isComplete, holdsBytes(id) { connections[id].drain.isUnanswered = true }
    }

    /// Whether the socket holds bytes that were not received.
    private func holdsBytes(_ id: ConnectionID) -> Bool {
        connections[id].descriptor >= 0 && ring.bytesToReceive(connections[id].descriptor) > 0
    }
}
