internal import EddyBuffers
internal import EddyRing
internal import EddySystem

// A zero-copy send leaves the bytes where they are; the network card reads them there. They must stay until it has:
//
//     queue:  [ slices of the send │ more ]         [ more ]
//                        first completion ─────────────▲    the next send may begin
//     held:                                [ slices ]  ──notification──▶ back to the pool
//
// It pays for large sends that leave the machine. Within the machine the kernel copies all the same, and notifies on
// top: such connections are told by their addresses, and where the kernel reports copies after all, it is believed.

extension EventLoop {
    /// Submits what is queued as a zero-copy send; false where a plain one is better.
    func submitZeroCopySend(_ slot: UInt32) -> Bool {
        guard wantsZeroCopy(slot), let first = slices.first(of: connections[slot].outbound) else { return false }
        let pieces = piecesToSend(slot)
        let isMessage = Int(first.count) < configuration.zeroCopyThreshold && messages.hasRoom(forPieces: pieces)
        let send = ZeroCopySends.Send(slot: slot, generation: connections[slot].generation)
        let number = zeroCopySends.begin(send)
        let token = OperationToken(kind: OperationKind.zeroCopySend.rawValue, index: number)
        let descriptor = connections[slot].descriptor
        if isMessage {
            let message = unsafe gatherMessage(of: pieces, from: slot)
            unsafe submit(.sendMessageZeroCopy(descriptor: descriptor, message: message, token: token))
        } else {
            connections[slot].sendingSlices = 1
            connections[slot].sendingBytes = min(first.count, Self.sendLimit)
            let entry = unsafe SubmissionEntry.sendZeroCopy(
                descriptor: descriptor,
                address: UnsafeRawPointer(first.start),
                byteCount: Int(connections[slot].sendingBytes),
                fixedBuffer: fixedBufferIndex(of: first),
                token: token
            )
            submit(entry)
        }
        if connections[slot].deadlines != SlotIndex.none { startedWaitingToSend(slot) }
        connections[slot].operations += 1
        connections[slot].flags.insert(.sendingZeroCopy)
        counters.zeroCopySends += 1
        return true
    }

    /// Whether what the connection sends leaves the machine without a copy, as far as is known.
    private func wantsZeroCopy(_ slot: UInt32) -> Bool {
        if configuration.zeroCopy == .always { return !connections[slot].flags.contains(.zeroCopyRefused) }
        if !connections[slot].flags.contains(.zeroCopyConsidered) {
            connections[slot].flags.insert(.zeroCopyConsidered)
            if ring.isWithinMachine(connections[slot].descriptor) { connections[slot].flags.insert(.zeroCopyRefused) }
        }
        return !connections[slot].flags.contains(.zeroCopyRefused)
    }

    // MARK: Completions

    /// A zero-copy send has sent what it could, or the kernel has let go of its bytes.
    func zeroCopySent(_ completion: CompletionEntry) {
        let number = completion.token.index
        guard var send = zeroCopySends[number] else { unreachable("the kernel notifies once") }
        if completion.isNotification {
            if completion.reportsCopy { noteCopy(send) }
        } else {
            send.isSending = false
            firstCompletion(completion, &send)
        }
        if completion.isLast {
            slices.removeAll(of: &send.held)
            zeroCopySends.end(number)
        } else {
            zeroCopySends[number] = send
        }
        if !completion.isNotification { finishZeroCopySend(completion, slot: send.slot) }
    }

    /// Moves what was sent out of the queue; the slot is the connection's as long as its operation is in flight.
    private func firstCompletion(_ completion: CompletionEntry, _ send: inout ZeroCopySends.Send) {
        guard !completion.isLast else { return }
        // The slices themselves: the kernel reads them until the notification. They have references of their own.
        let sent = completion.result > 0 ? Int(completion.result) : Int(connections[send.slot].sendingBytes)
        slices.retainFirst(sent, of: connections[send.slot].outbound, in: &send.held)
    }

    private func finishZeroCopySend(_ completion: CompletionEntry, slot: UInt32) {
        let isBroken = isBrokenSend(completion, slot: slot)
        connections[slot].flags.subtract([.sendingZeroCopy, .cancellingSend])
        let error = isBroken ? SystemError.connectionReset : completion.error
        guard let error, completion.isLast, Self.refusals.contains(error) else {
            return finishSend(slot, byteCount: max(0, Int(completion.result)), error: error)
        }
        // This socket or this kernel sends in the plain way only, or memory may not be pinned now.
        connections[slot].flags.insert(.zeroCopyRefused)
        finishSend(slot, byteCount: 0, error: nil)
    }

    /// Failures that say nothing about the connection.
    private static let refusals: [SystemError] = [
        .invalidArgument, .notSupported, .outOfMemory, .noBufferSpace, .again,
    ]

    /// The kernel has copied the bytes: it will do so again.
    private func noteCopy(_ send: ZeroCopySends.Send) {
        counters.zeroCopyCopies += 1
        guard configuration.zeroCopy == .automatic, connections.isCurrent(send.slot, generation: send.generation)
        else { return }
        connections[send.slot].flags.insert(.zeroCopyRefused)
    }

    /// The token of the send that a connection has in flight.
    func sendToken(_ slot: UInt32) -> OperationToken {
        guard connections[slot].flags.contains(.sendingZeroCopy),
            let number = zeroCopySends.number(sendingFor: slot, generation: connections[slot].generation)
        else { return token(.send, slot) }
        return OperationToken(kind: OperationKind.zeroCopySend.rawValue, index: number)
    }
}
