internal import EddyBuffers
internal import EddyRing

// Sends of one connection go one at a time, in order. What is written while one is in flight waits in the queue:
//
//     outbound  ┌──────────────┬─────────────────────────┐
//               │ in flight    │ waits; the next send    │  ◀── write
//               └──────────────┴─────────────────────────┘
//                sendingSlices
//
// A send is tried inline first: the socket takes all of it within `enter`, which is what nearly always happens, and
// then no completion is posted at all. If it takes less, the rest is sent by an ordinary send, which waits for room.
// Nothing wakes the loop when an inline send succeeds, so a send whose success somebody waits for is an ordinary one.

extension ConnectionDriver {
    /// Queues a slice, whose reference the loop takes over. When nothing can be sent it drops the slice and returns
    /// why.
    func write(_ slice: Slice, to id: ConnectionID) -> ConnectionError? {
        if connections[id].cannotSend {
            slice.drop()
            return ConnectionError(failure: connections[id].failure)
        }
        if !connections[id].flags.isDisjoint(with: [.endsAfterSending, .ended]) {
            slice.drop()
            return .writingEnded
        }
        guard slice.count > 0 else {
            slice.drop()
            return nil
        }
        pool.transferToQueue(slice)
        heartbeat?.uses(connections[id].descriptor, listener: connections[id].listener)
        // What waits to be read may be the beginning of the next message.
        if connections[id].inbound.isEmpty { connections[id].flags.remove(.unanswered) }
        appendOutbound(slice, to: id)
        return nil
    }

    func appendOutbound(_ slice: Slice, to id: ConnectionID) {
        // What is in flight must stay as the kernel knows it.
        let mayMerge = connections[id].outbound.count > UInt32(connections[id].sendingSlices)
        slices.append(slice, to: &connections[id].outbound, mayMerge: mayMerge)
        queueToSend(id)
    }

    /// Has the connection looked at before the next `enter`.
    func queueToSend(_ id: ConnectionID) {
        guard !connections[id].isSending, !connections[id].flags.contains(.queuedToSend) else { return }
        connections[id].flags.insert(.queuedToSend)
        sendQueue.append(id)
    }

    /// Submits one send for each connection that has something to send.
    func submitSends() {
        while let id = sendQueue.popFirst() {
            connections[id].flags.remove(.queuedToSend)
            if connections[id].outbound.isEmpty {
                endWritingIfDone(id)
            } else if !connections[id].cannotSend, !connections[id].isSending {
                submitSend(id)
            }
        }
    }

    /// Whether the loop may wait for completions: nothing is left that only the next iteration would do.
    ///
    /// - Parameter isSettled: whether no inline send was in flight when the iteration began.
    func mayWait(isSettled: Bool) -> Bool {
        guard isSettled, turnQueue.isEmpty, receiveQueue.isEmpty else { return false }
        // No completion tells that an inline send has succeeded, and it may hold the memory that a connection waits for.
        return starvedQueue.isEmpty && messageQueue.isEmpty || inlineSends.isEmpty
    }

    private func submitSend(_ id: ConnectionID) {
        if connections[id].outbound.byteCount >= zeroCopyFloor, submitZeroCopySend(id) { return }
        let limit = Self.sendLimit
        let pieces = piecesToSend(id)
        let endsInline = connections[id].outbound.byteCount <= limit && mayEndInline(id, pieces: pieces)
        let kind = endsInline ? OperationKind.inlineSend : .send
        var entry: SubmissionEntry
        if pieces > 1, messages.hasRoom(forPieces: pieces) {
            entry = unsafe .sendMessage(
                descriptor: connections[id].descriptor,
                message: gatherMessage(of: pieces, from: id),
                token: OperationToken(kind, id)
            )
        } else {
            guard let slice = slices.first(of: connections[id].outbound) else { return }
            connections[id].sendingSlices = 1
            connections[id].sendingBytes = min(slice.count, limit)
            entry = unsafe .send(
                descriptor: connections[id].descriptor,
                address: UnsafeRawPointer(slice.start),
                byteCount: Int(connections[id].sendingBytes),
                token: OperationToken(kind, id)
            )
        }
        connections[id].operations += 1
        if endsInline {
            entry = entry.endingInline()
            connections[id].flags.insert(.sendingInline)
            inlineSends.append(id)
            // Its success is noticed only when something else wakes the loop, which may be much later.
            noteActivity(id)
        } else {
            if connections[id].inlineBackoff > 0 { connections[id].inlineBackoff -= 1 }
            if connections[id].deadlines != nil { startedWaitingToSend(id) }
        }
        submit(entry)
    }

    /// Bytes that one send takes at most.
    ///
    /// io_uring waits 128 times for room in the socket (APOLL_MAX_RETRY), and leaves the rest to a thread that blocks, if
    /// there may be one more; the socket has room for some 16 KiB each time (``TCPOption/unsentLimit(_:)``). And where the
    /// time of a peer's progress counts, the end of a send has to come often enough to tell of it: sockets other than
    /// TCP's do not count what their peers take.
    static let sendLimit: UInt32 = 256 << 10

    /// The number of slices that the next send takes: at least one, of which it may be the beginning.
    func piecesToSend(_ id: ConnectionID) -> Int {
        let pieces = min(Int(connections[id].outbound.count), MessageArena.maximumPieces)
        guard pieces > 1, connections[id].outbound.byteCount > Self.sendLimit else { return pieces }
        var (fitting, byteCount) = (0, 0)
        slices.forEach(in: connections[id].outbound, limit: pieces) { slice in
            byteCount += Int(slice.count)
            if byteCount <= Int(Self.sendLimit) { fitting += 1 }
        }
        return max(1, fitting)
    }

    /// Makes a message of the first `pieces` slices of the queue, which are in flight from now on.
    @inline(__always)
    func gatherMessage(of pieces: Int, from id: ConnectionID) -> UnsafeRawPointer {
        let message = unsafe messages.startMessage()
        var byteCount: UInt32 = 0
        slices.forEach(in: connections[id].outbound, limit: pieces) { slice in
            messages.append(slice)
            byteCount += slice.count
        }
        connections[id].sendingSlices = UInt16(pieces)
        connections[id].sendingBytes = byteCount
        return unsafe message
    }

    /// Whether the next send may be an inline one, whose success the loop notices only when something else wakes it.
    ///
    /// It may not when anything is to follow its success: a waiting writer, the rest of the queue, the end of the
    /// stream, or the other side of a relay, which is not being read.
    private func mayEndInline(_ id: ConnectionID, pieces: Int) -> Bool {
        guard features.inlineSends, connections[id].inlineBackoff == 0, connections[id].phase == .open,
            connections[id].writer == nil, !connections[id].flags.contains(.endsAfterSending),
            pieces == Int(connections[id].outbound.count), pieces == 1 || messages.hasRoom(forPieces: pieces)
        else { return false }
        guard let peer = connections[id].relayPeer else { return true }
        return connections[peer].flags.contains(.receiving)
    }

    // MARK: Completions

    /// An ordinary send ended.
    func sent(_ completion: CompletionEntry, id: ConnectionID) {
        let isBroken = isBrokenSend(completion, id: id)
        connections[id].flags.remove(.cancellingSend)
        let error = isBroken ? SystemError.connectionReset : completion.error
        finishSend(id, byteCount: max(0, Int(completion.result)), error: error)
    }

    /// Whether the connection broke within the send, which takes all bytes otherwise. The system has told this send of
    /// the error, and tells nobody else: a receive would find the end of the stream where there is none.
    ///
    /// A send may also be short since the kernel lacked memory, or a thread that would have waited: then the socket is as
    /// it was, and the rest is sent again.
    func isBrokenSend(_ completion: CompletionEntry, id: ConnectionID) -> Bool {
        completion.result >= 0 && UInt32(completion.result) < connections[id].sendingBytes
            && !connections[id].flags.contains(.cancellingSend)
            && ring.unacknowledgedBytes(connections[id].descriptor) == nil
    }

    /// An inline send could not send everything: `EAGAIN`, fewer bytes, or a failure.
    func inlineSendFailed(_ completion: CompletionEntry, id: ConnectionID) {
        connections[id].flags.remove(.sendingInline)
        connections[id].inlineBackoff = Self.sendsAfterSlowPeer
        let error = completion.error == .again ? nil : completion.error
        finishSend(id, byteCount: max(0, Int(completion.result)), error: error)
    }

    /// Ordinary sends after one that the socket had no room for, before inline ones are tried again.
    private static let sendsAfterSlowPeer: UInt8 = 8

    /// Inline sends that `enter` has taken and that have posted nothing have sent everything.
    func settleInlineSends() {
        messages.reset()
        while let id = inlineSends.popFirst() {
            guard connections[id].flags.contains(.sendingInline) else { continue }
            connections[id].flags.remove(.sendingInline)
            finishSend(id, byteCount: Int(connections[id].sendingBytes), error: nil, isActivity: false)
        }
    }

    /// Takes what was sent off the queue and goes on with the rest.
    ///
    /// - Parameter isActivity: whether the bytes, if there are any, have moved in this iteration.
    func finishSend(_ id: ConnectionID, byteCount: Int, error: SystemError?, isActivity: Bool = true) {
        connections[id].operations -= 1
        connections[id].sendingSlices = 0
        connections[id].sendingBytes = 0
        counters.bytesSent += UInt64(byteCount)
        connections[id].movedBytes &+= UInt32(truncatingIfNeeded: byteCount)
        if isActivity, byteCount > 0 { noteActivity(id) }
        slices.removeFirst(byteCount, of: &connections[id].outbound)
        if let error, error != .cancelled, error != .interrupted { sendingFailed(id, error.code) }
        if connections[id].cannotSend { slices.removeAll(of: &connections[id].outbound) }
        if !connections[id].outbound.isEmpty {
            queueToSend(id)
        } else {
            endWritingIfDone(id)
        }
        if connections[id].outbound.byteCount <= resumeMark(id) { outboundDrained(id) }
        if connections[id].phase != .open { continueEnding(id) }
    }

    /// There is room in the queue again: for the writing task, and for the other side of a relay.
    private func outboundDrained(_ id: ConnectionID) {
        resumeWriter(id)
        if let peer = connections[id].relayPeer, !connections[peer].flags.contains(.receiving) { armReceive(peer) }
    }

    // MARK: Half-close

    /// Ends this side's direction once all that is queued has been sent.
    func endWriting(_ id: ConnectionID) {
        guard connections[id].flags.isDisjoint(with: [.endsAfterSending, .ended]) else { return }
        connections[id].flags.insert(.endsAfterSending)
        queueToSend(id)
    }

    func endWritingIfDone(_ id: ConnectionID) {
        guard connections[id].flags.contains(.endsAfterSending), !connections[id].isSending,
            connections[id].outbound.isEmpty, !connections[id].flags.contains(.ended), !connections[id].cannotSend
        else { return }
        connections[id].flags.insert(.ended)
        ring.shutdownWrite(connections[id].descriptor)
        resumeWriter(id)
        if connections[id].isRelaying { finishRelayIfDone(id) }
    }
}
