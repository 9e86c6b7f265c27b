internal import EddyBuffers
internal import EddyRing
internal import EddySystem

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

extension EventLoop {
    /// Queues a slice, whose reference the loop takes over. When nothing can be sent it drops the slice and returns
    /// why.
    func write(_ slice: Slice, to slot: UInt32) -> ConnectionError? {
        if connections[slot].cannotSend {
            slice.drop()
            return ConnectionError(failure: connections[slot].failure)
        }
        if !connections[slot].flags.isDisjoint(with: [.endsAfterSending, .ended]) {
            slice.drop()
            return .writingEnded
        }
        guard slice.count > 0 else {
            slice.drop()
            return nil
        }
        pool.takeIn(slice)
        pulse?.uses(connections[slot].descriptor, listener: connections[slot].listener)
        // What waits to be read may be the beginning of the next message.
        if connections[slot].inbound.isEmpty { connections[slot].flags.remove(.unanswered) }
        appendOutbound(slice, to: slot)
        return nil
    }

    func appendOutbound(_ slice: Slice, to slot: UInt32) {
        // What is in flight must stay as the kernel knows it.
        let mayMerge = connections[slot].outbound.count > UInt32(connections[slot].sendingSlices)
        slices.append(slice, to: &connections[slot].outbound, mayMerge: mayMerge)
        queueToSend(slot)
    }

    /// Has the connection looked at before the next `enter`.
    func queueToSend(_ slot: UInt32) {
        guard !connections[slot].isSending, !connections[slot].flags.contains(.queuedToSend) else { return }
        connections[slot].flags.insert(.queuedToSend)
        sendQueue.append(slot)
    }

    /// Submits one send for each connection that has something to send.
    func submitSends() {
        while let slot = sendQueue.popFirst() {
            connections[slot].flags.remove(.queuedToSend)
            if connections[slot].outbound.isEmpty {
                endWritingIfDone(slot)
            } else if !connections[slot].cannotSend, !connections[slot].isSending {
                submitSend(slot)
            }
        }
    }

    private func submitSend(_ slot: UInt32) {
        if connections[slot].outbound.byteCount >= zeroCopyFloor, submitZeroCopySend(slot) { return }
        let limit = Self.sendLimit
        let pieces = piecesToSend(slot)
        let endsInline = connections[slot].outbound.byteCount <= limit && mayEndInline(slot, pieces: pieces)
        let kind = endsInline ? OperationKind.inlineSend : .send
        var entry: SubmissionEntry
        if pieces > 1, messages.hasRoom(forPieces: pieces) {
            entry = unsafe .sendMessage(
                descriptor: connections[slot].descriptor,
                message: gatherMessage(of: pieces, from: slot),
                token: token(kind, slot)
            )
        } else {
            guard let slice = slices.first(of: connections[slot].outbound) else { return }
            connections[slot].sendingSlices = 1
            connections[slot].sendingBytes = min(slice.count, limit)
            entry = unsafe .send(
                descriptor: connections[slot].descriptor,
                address: UnsafeRawPointer(slice.start),
                byteCount: Int(connections[slot].sendingBytes),
                token: token(kind, slot)
            )
        }
        connections[slot].operations += 1
        if endsInline {
            entry = entry.endingInline()
            connections[slot].flags.insert(.sendingInline)
            inlineSends.append(slot)
            // Its success is noticed only when something else wakes the loop, which may be much later.
            noteActivity(slot)
        } else {
            if connections[slot].inlineBackoff > 0 { connections[slot].inlineBackoff -= 1 }
            if connections[slot].deadlines != SlotIndex.none { startedWaitingToSend(slot) }
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
    func piecesToSend(_ slot: UInt32) -> Int {
        let pieces = min(Int(connections[slot].outbound.count), MessageArena.maximumPieces)
        guard pieces > 1, connections[slot].outbound.byteCount > Self.sendLimit else { return pieces }
        var (fitting, byteCount) = (0, 0)
        slices.forEach(in: connections[slot].outbound, limit: pieces) { slice in
            byteCount += Int(slice.count)
            if byteCount <= Int(Self.sendLimit) { fitting += 1 }
        }
        return max(1, fitting)
    }

    /// Makes a message of the first `pieces` slices of the queue, which are in flight from now on.
    @inline(__always)
    func gatherMessage(of pieces: Int, from slot: UInt32) -> UnsafeRawPointer {
        let message = unsafe messages.startMessage()
        var byteCount: UInt32 = 0
        slices.forEach(in: connections[slot].outbound, limit: pieces) { slice in
            messages.append(slice)
            byteCount += slice.count
        }
        connections[slot].sendingSlices = UInt16(pieces)
        connections[slot].sendingBytes = byteCount
        return unsafe message
    }

    /// Whether the next send may be an inline one, whose success the loop notices only when something else wakes it.
    ///
    /// It may not when anything is to follow its success: a waiting writer, the rest of the queue, the end of the
    /// stream, or the other side of a relay, which is not being read.
    private func mayEndInline(_ slot: UInt32, pieces: Int) -> Bool {
        guard features.inlineSends, connections[slot].inlineBackoff == 0, connections[slot].phase == .open,
            connections[slot].writer == nil, !connections[slot].flags.contains(.endsAfterSending),
            pieces == Int(connections[slot].outbound.count), pieces == 1 || messages.hasRoom(forPieces: pieces)
        else { return false }
        let peer = connections[slot].relayPeer
        return peer == ConnectionState.noSlot || connections[peer].flags.contains(.receiving)
    }

    // MARK: Completions

    /// An ordinary send ended.
    func sent(_ completion: CompletionEntry, slot: UInt32) {
        let isBroken = isBrokenSend(completion, slot: slot)
        connections[slot].flags.remove(.cancellingSend)
        let error = isBroken ? SystemError.connectionReset : completion.error
        finishSend(slot, byteCount: max(0, Int(completion.result)), error: error)
    }

    /// Whether the connection broke within the send, which takes all bytes otherwise. The system has told this send of
    /// the error, and tells nobody else: a receive would find the end of the stream where there is none.
    ///
    /// A send may also be short since the kernel lacked memory, or a thread that would have waited: then the socket is as
    /// it was, and the rest is sent again.
    func isBrokenSend(_ completion: CompletionEntry, slot: UInt32) -> Bool {
        completion.result >= 0 && UInt32(completion.result) < connections[slot].sendingBytes
            && !connections[slot].flags.contains(.cancellingSend)
            && ring.unacknowledgedBytes(connections[slot].descriptor) == nil
    }

    /// An inline send could not send everything: `EAGAIN`, fewer bytes, or a failure.
    func inlineSendFailed(_ completion: CompletionEntry, slot: UInt32) {
        connections[slot].flags.remove(.sendingInline)
        connections[slot].inlineBackoff = Self.sendsAfterSlowPeer
        let error = completion.error == .again ? nil : completion.error
        finishSend(slot, byteCount: max(0, Int(completion.result)), error: error)
    }

    /// Ordinary sends after one that the socket had no room for, before inline ones are tried again.
    private static let sendsAfterSlowPeer: UInt8 = 8

    /// Inline sends that `enter` has taken and that have posted nothing have sent everything.
    func settleInlineSends() {
        while let slot = inlineSends.popFirst() {
            guard connections[slot].flags.contains(.sendingInline) else { continue }
            connections[slot].flags.remove(.sendingInline)
            finishSend(slot, byteCount: Int(connections[slot].sendingBytes), error: nil, isActivity: false)
        }
    }

    /// Takes what was sent off the queue and goes on with the rest.
    ///
    /// - Parameter isActivity: whether the bytes, if there are any, have moved in this iteration.
    func finishSend(_ slot: UInt32, byteCount: Int, error: SystemError?, isActivity: Bool = true) {
        connections[slot].operations -= 1
        connections[slot].sendingSlices = 0
        connections[slot].sendingBytes = 0
        counters.bytesSent += UInt64(byteCount)
        connections[slot].movedBytes &+= UInt32(truncatingIfNeeded: byteCount)
        if isActivity, byteCount > 0 { noteActivity(slot) }
        slices.removeFirst(byteCount, of: &connections[slot].outbound)
        if let error, error != .cancelled, error != .interrupted { sendingFailed(slot, error.code) }
        if connections[slot].cannotSend { slices.removeAll(of: &connections[slot].outbound) }
        if !connections[slot].outbound.isEmpty {
            queueToSend(slot)
        } else {
            endWritingIfDone(slot)
        }
        if connections[slot].outbound.byteCount <= resumeMark(slot) { outboundDrained(slot) }
        if connections[slot].phase != .open { continueEnding(slot) }
    }

    /// There is room in the queue again: for the writing task, and for the other side of a relay.
    private func outboundDrained(_ slot: UInt32) {
        resumeWriter(slot)
        let peer = connections[slot].relayPeer
        if peer != ConnectionState.noSlot, !connections[peer].flags.contains(.receiving) { armReceive(peer) }
    }

    // MARK: Half-close

    /// Ends this side's direction once all that is queued has been sent.
    func endWriting(_ slot: UInt32) {
        guard connections[slot].flags.isDisjoint(with: [.endsAfterSending, .ended]) else { return }
        connections[slot].flags.insert(.endsAfterSending)
        queueToSend(slot)
    }

    func endWritingIfDone(_ slot: UInt32) {
        guard connections[slot].flags.contains(.endsAfterSending), !connections[slot].isSending,
            connections[slot].outbound.isEmpty, !connections[slot].flags.contains(.ended), !connections[slot].cannotSend
        else { return }
        connections[slot].flags.insert(.ended)
        ring.shutdownWrite(connections[slot].descriptor)
        resumeWriter(slot)
        if connections[slot].isRelaying { finishRelayIfDone(slot) }
    }
}
