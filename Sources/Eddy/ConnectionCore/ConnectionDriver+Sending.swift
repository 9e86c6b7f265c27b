internal import EddyBuffers
internal import EddyRing
internal import EddySystem

// The sends of a connection run one at a time, in order. Bytes written while one is in flight wait in the queue:
//
//     queue     ┌──────────────┬─────────────────────────┐
//               │ in flight    │ waits; the next send    │  ◀── write
//               └──────────────┴─────────────────────────┘
//
// A send is tried inline first: usually the socket takes all of it within `enter`, and no completion is posted at all.
// If the socket takes less, an ordinary send, which waits for room, sends the rest. A successful inline send posts no
// completion that wakes the loop, so if something waits for the success of a send, the send is an ordinary one.

extension ConnectionDriver {
    /// Queues a slice, whose reference the driver takes over. If the connection cannot send, drops the slice and
    /// returns the reason.
    func write(_ slice: Slice, to id: ConnectionID) -> ConnectionError? {
        if connections[id].lifecycle.cannotSend {
            slice.drop()
            return ConnectionError(failure: connections[id].lifecycle.failure.code)
        }
        if connections[id].sending.output != .open {
            slice.drop()
            return .writingEnded
        }
        guard slice.count > 0 else {
            slice.drop()
            return nil
        }
        pool.transferToQueue(slice)
        heartbeat?.uses(connections[id].descriptor, listener: connections[id].listener)
        // Unread bytes may be the beginning of the next message.
        if connections[id].receiving.queue.isEmpty { connections[id].drain.isUnanswered = false }
        output(slice, to: id)
        return nil
    }

    /// Sends bytes of the user, or of the other side of a relay, to the peer.
    @inline(__always)
    func output(_ slice: Slice, to id: ConnectionID) {
        if connections[id].transform != .none { return transformWrite(slice, to: id) }
        appendToQueue(slice, of: id)
    }

    /// Queues bytes for the socket.
    func appendToQueue(_ slice: Slice, of id: ConnectionID) {
        let mayMerge = connections[id].sending.mayMerge
        slices.append(slice, to: &connections[id].sending.queue, mayMerge: mayMerge)
        scheduleSend(id)
    }

    /// Schedules the connection for a send before the next `enter`.
    @inline(__always)
    func scheduleSend(_ id: ConnectionID) {
        if connections[id].sending.schedule() { sendQueue.append(id) }
    }

    /// Submits one send for each connection that has something to send.
    func submitSends() {
        while let id = sendQueue.popFirst() {
            connections[id].sending.unschedule()
            if connections[id].sending.queue.isEmpty {
                perform(connections[id].endSendingIfDue(), on: id)
            } else if !connections[id].lifecycle.cannotSend {
                submitSend(id)
            }
        }
    }

    /// Whether the loop may wait for completions, because no work is left for the next iteration.
    ///
    /// - Parameter hadInlineSends: whether inline sends were in flight when the iteration began.
    func mayWait(hadInlineSends: Bool) -> Bool {
        guard !hadInlineSends, turnQueue.isEmpty, readyQueue.isEmpty, receiveQueue.isEmpty else { return false }
        // No completion reports the success of an inline send, and the send may hold the memory that a connection waits
        // for.
        return bufferQueue.isEmpty && messageQueue.isEmpty || inlineSends.isEmpty
    }

    private func submitSend(_ id: ConnectionID) {
        if connections[id].sending.queue.byteCount >= zeroCopyFloor, submitZeroCopySend(id) { return }
        let pieces = piecesToSend(id)
        let isInline = connections[id].sending.queue.byteCount <= Self.sendLimit && mayEndInline(id, pieces: pieces)
        let token = OperationToken(isInline ? .inlineSend : .send, id)
        let kind = isInline ? SendSide.Kind.inline : .ordinary
        var entry: SubmissionEntry
        if pieces > 1, messages.hasRoom(forPieces: pieces) {
            entry = unsafe .sendMessage(
                descriptor: connections[id].descriptor,
                message: beginMessage(kind, of: pieces, from: id),
                token: token
            )
        } else {
            guard let slice = slices.first(of: connections[id].sending.queue) else { return }
            let byteCount = min(slice.count, Self.sendLimit)
            connections[id].sending.begin(kind, slices: 1, bytes: byteCount)
            entry = unsafe .send(
                descriptor: connections[id].descriptor,
                address: UnsafeRawPointer(slice.start),
                byteCount: Int(byteCount),
                token: token
            )
        }
        connections[id].operations += 1
        if isInline {
            entry = entry.endingInline()
            inlineSends.append(id)
            // The loop notices its success only when something else wakes it, which may be much later.
            noteActivity(id)
        } else if connections[id].deadlines != nil {
            startedWaitingToSend(id)
        }
        submit(entry)
    }

    /// The most bytes that one send takes.
    ///
    /// io_uring waits 128 times for room in the socket (APOLL_MAX_RETRY), and then leaves the rest to a worker thread
    /// that blocks, if the limit permits one more. The socket has room for some 16 KiB each time
    /// (``TCPOption/unsentLimit(_:)``). And if the peer's progress is timed, sends must complete often enough to show
    /// it: sockets other than TCP's do not count the bytes that their peers take.
    static let sendLimit: UInt32 = 256 << 10

    /// The number of slices that the next send takes: at least one, perhaps only the beginning of it.
    func piecesToSend(_ id: ConnectionID) -> Int {
        let pieces = min(Int(connections[id].sending.queue.count), MessageArena.maximumPieces)
        guard pieces > 1, connections[id].sending.queue.byteCount > Self.sendLimit else { return pieces }
        var (fitting, byteCount) = (0, 0)
        slices.forEach(in: connections[id].sending.queue, limit: pieces) { slice in
            byteCount += Int(slice.count)
            if byteCount <= Int(Self.sendLimit) { fitting += 1 }
        }
        return max(1, fitting)
    }

    /// Makes a message of the first `pieces` slices of the queue. They are in flight from now on.
    @inline(__always)
    func beginMessage(_ kind: SendSide.Kind, of pieces: Int, from id: ConnectionID) -> UnsafeRawPointer {
        let message = unsafe messages.startMessage()
        var byteCount: UInt32 = 0
        slices.forEach(in: connections[id].sending.queue, limit: pieces) { slice in
            messages.append(slice)
            byteCount += slice.count
        }
        connections[id].sending.begin(kind, slices: UInt16(pieces), bytes: byteCount)
        return unsafe message
    }

    /// Whether the next send may be an inline one, whose success the loop notices only when something else wakes it.
    ///
    /// It may not if anything follows its success: a waiting writer, the rest of the queue, or EOF.
    private func mayEndInline(_ id: ConnectionID, pieces: Int) -> Bool {
        features.inlineSends && connections[id].sending.inlineBackoff == 0
            && connections[id].lifecycle.phase == .open
            && !connections[id].sending.hasWriter && connections[id].sending.output != .finPending
            && pieces == Int(connections[id].sending.queue.count)
            && (pieces == 1 || messages.hasRoom(forPieces: pieces))
    }

    // MARK: Completions

    /// Handles the completion of an ordinary send.
    func sent(_ completion: CompletionEntry, id: ConnectionID) {
        let isBroken = isBrokenSend(completion, id: id)
        let error = isBroken ? SystemError.connectionReset : completion.error
        finishSend(id, byteCount: max(0, Int(completion.result)), error: error)
    }

    /// Whether the connection failed during the send, which otherwise takes all bytes. The system reports the error to
    /// this send only: a later receive would see EOF instead of the error.
    ///
    /// A send is also short if the kernel lacked memory or a worker thread. The socket is unchanged then, and the
    /// driver sends the rest again.
    func isBrokenSend(_ completion: CompletionEntry, id: ConnectionID) -> Bool {
        guard let flight = connections[id].sending.flight else { return false }
        return completion.result >= 0 && UInt32(completion.result) < flight.bytes && !flight.isCancelled
            && ring.unacknowledgedBytes(connections[id].descriptor) == nil
    }

    /// Handles an inline send that did not send everything: `EAGAIN`, fewer bytes, or a failure.
    func inlineSendFailed(_ completion: CompletionEntry, id: ConnectionID) {
        connections[id].sending.inlineBackoff = Self.sendsAfterSlowPeer
        let error = completion.error == .again ? nil : completion.error
        finishSend(id, byteCount: max(0, Int(completion.result)), error: error)
    }

    /// Ordinary sends after one for which the socket had no room, before inline sends are tried again.
    private static let sendsAfterSlowPeer: UInt8 = 8

    /// Completes inline sends: a send that `enter` has taken and that has posted no completion has sent everything.
    func completeInlineSends() {
        messages.reset()
        while let id = inlineSends.popFirst() {
            guard let flight = connections[id].sending.flight, flight.kind == .inline else { continue }
            finishSend(id, byteCount: Int(flight.bytes), error: nil, isActivity: false)
        }
    }

    /// Takes the sent bytes off the queue and sends the rest.
    ///
    /// - Parameter isActivity: whether the bytes, if there are any, moved in this iteration.
    func finishSend(_ id: ConnectionID, byteCount: Int, error: SystemError?, isActivity: Bool = true) {
        _ = connections[id].sending.complete()
        assert(!connections[id].isIdle, "a completion belongs to an operation")
        assert(byteCount <= Int(connections[id].sending.queue.byteCount), "no more is sent than is queued")
        connections[id].operations -= 1
        counters.bytesSent += UInt64(byteCount)
        connections[id].movedBytes &+= UInt32(truncatingIfNeeded: byteCount)
        if isActivity, byteCount > 0 { noteActivity(id) }
        slices.removeFirst(byteCount, of: &connections[id].sending.queue)
        if let error, error != .cancelled, error != .interrupted { sendingFailed(id, error.code) }
        if connections[id].lifecycle.cannotSend { slices.removeAll(of: &connections[id].sending.queue) }
        if !connections[id].sending.queue.isEmpty {
            scheduleSend(id)
        } else {
            perform(connections[id].endSendingIfDue(), on: id)
        }
        if connections[id].sending.queue.byteCount <= resumeMark(id) { resumeWriter(id) }
        if connections[id].lifecycle.phase != .open { continueEnding(id) }
    }

    // MARK: Half-close

    /// Ends the sending direction once the queue has been sent.
    func endWriting(_ id: ConnectionID) {
        guard connections[id].sending.output == .open else { return }
        if connections[id].transform == .ready, !connections[id].lifecycle.cannotSend { transformEnd(of: id) }
        if connections[id].sending.end() { scheduleSend(id) }
    }
}
