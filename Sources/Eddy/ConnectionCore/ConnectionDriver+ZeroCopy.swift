internal import EddyBuffers
internal import EddyRing
internal import EddySystem

// A zero-copy send leaves the bytes in place, and the network card reads them there. They must stay until it has done
// so:
//
//     queue:  [ slices of the send │ more ]         [ more ]
//                        first completion ─────────────▲    the next send may begin
//     held:                                [ slices ]  ──notification──▶ back to the pool
//
// Zero-copy pays for large sends that leave the machine. Within the machine the kernel copies anyway, and posts a
// notification in addition. The addresses identify such connections; if the kernel reports copies on others, the driver
// stops using zero-copy there.

extension ConnectionDriver {
    /// Submits queued bytes as a zero-copy send; false if a plain one is better.
    func submitZeroCopySend(_ id: ConnectionID) -> Bool {
        guard wantsZeroCopy(id), let first = slices.first(of: connections[id].sending.queue) else { return false }
        let pieces = piecesToSend(id)
        let isMessage = Int(first.count) < configuration.zeroCopyThreshold && messages.hasRoom(forPieces: pieces)
        let token = OperationToken(.zeroCopySend, zeroCopySends.begin(for: id))
        let descriptor = connections[id].descriptor
        if isMessage {
            let message = unsafe beginMessage(.zeroCopy, of: pieces, from: id)
            unsafe submit(.sendMessageZeroCopy(descriptor: descriptor, message: message, token: token))
        } else {
            let byteCount = min(first.count, Self.sendLimit)
            connections[id].sending.begin(.zeroCopy, slices: 1, bytes: byteCount)
            let entry = unsafe SubmissionEntry.sendZeroCopy(
                descriptor: descriptor,
                address: UnsafeRawPointer(first.start),
                byteCount: Int(byteCount),
                fixedBuffer: fixedBufferIndex(of: first),
                token: token
            )
            submit(entry)
        }
        if connections[id].deadlines != nil { startedWaitingToSend(id) }
        connections[id].operations += 1
        counters.zeroCopySends += 1
        return true
    }

    /// Whether the bytes of the connection leave the machine without a copy, as far as is known.
    private func wantsZeroCopy(_ id: ConnectionID) -> Bool {
        if configuration.zeroCopy == .always { return connections[id].sending.zeroCopy != .unsuitable }
        if connections[id].sending.zeroCopy == .unknown {
            let isLocal = ring.isWithinMachine(connections[id].descriptor)
            connections[id].sending.zeroCopy = isLocal ? .unsuitable : .suitable
        }
        return connections[id].sending.zeroCopy == .suitable
    }

    // MARK: Completions

    /// Handles a completion of a zero-copy send: the result of the send, or the kernel's release of its bytes.
    func zeroCopySent(_ completion: CompletionEntry) {
        let send = ZeroCopySendID(completion.token)
        let connection = zeroCopySends[send].connection
        if completion.isNotification {
            if completion.reportsCopy { noteCopy(connection) }
        } else {
            zeroCopySends[send].isSending = false
            firstCompletion(completion, of: send)
        }
        if completion.isLast {
            slices.removeAll(of: &zeroCopySends[send].held)
            zeroCopySends.end(send)
        }
        if !completion.isNotification { finishZeroCopySend(completion, id: connection) }
    }

    /// Moves the sent slices out of the queue. The connection keeps its slot as long as its operation is in flight.
    private func firstCompletion(_ completion: CompletionEntry, of send: ZeroCopySendID) {
        guard !completion.isLast else { return }
        let connection = zeroCopySends[send].connection
        // Whole slices: the kernel reads them until the notification. They have references of their own.
        let sent =
            completion.result > 0 ? Int(completion.result) : Int(connections[connection].sending.flight?.bytes ?? 0)
        slices.retainFirst(sent, of: connections[connection].sending.queue, in: &zeroCopySends[send].held)
    }

    private func finishZeroCopySend(_ completion: CompletionEntry, id: ConnectionID) {
        let isBroken = isBrokenSend(completion, id: id)
        let error = isBroken ? SystemError.connectionReset : completion.error
        guard let error, completion.isLast, Self.refusals.contains(error) else {
            return finishSend(id, byteCount: max(0, Int(completion.result)), error: error)
        }
        // This socket or kernel supports plain sends only, or memory cannot be pinned now.
        connections[id].sending.zeroCopy = .unsuitable
        finishSend(id, byteCount: 0, error: nil)
    }

    /// Failures that say nothing about the connection.
    private static let refusals: [SystemError] = [
        .invalidArgument, .notSupported, .outOfMemory, .noBufferSpace, .again,
    ]

    /// Records that the kernel has copied the bytes: expect it to do so again.
    private func noteCopy(_ id: ConnectionID) {
        counters.zeroCopyCopies += 1
        guard configuration.zeroCopy == .automatic, connections.isCurrent(id) else { return }
        connections[id].sending.zeroCopy = .unsuitable
    }

    /// The token of a send that a connection has in flight.
    func token(of flight: SendSide.Flight, _ id: ConnectionID) -> OperationToken {
        guard flight.kind == .zeroCopy, let send = zeroCopySends.sending(for: id) else {
            return OperationToken(.send, id)
        }
        return OperationToken(.zeroCopySend, send)
    }
}
