internal import EddyBuffers
internal import EddyRing
internal import EddySystem

extension EventLoop {
    /// Hands every completion that is there to what it belongs to.
    ///
    /// All that was posted up to now is taken, and no more: the queue is finite, so an iteration is, too.
    func dispatchCompletions() {
        while let completion = ring.nextCompletion() { dispatch(completion) }
    }

    private func dispatch(_ completion: CompletionEntry) {
        let token = completion.token
        switch OperationKind(rawValue: token.kind) {
        case .receive: received(completion, slot: token.index)
        case .send: sent(completion, slot: token.index)
        case .inlineSend: inlineSendFailed(completion, slot: token.index)
        case .accept: listeners[Int(token.index)]?.accepted(completion)
        case .connect: connected(completion, slot: token.index)
        case .zeroCopySend: zeroCopySent(completion)
        case .readFile: fileRead(completion)
        case .wake: woken(completion)
        case .trimMemory: trimMemory(completion)
        case .cancel: break
        case nil: unreachable("the kernel completed what the loop never submitted")
        }
    }

    private func woken(_ completion: CompletionEntry) {
        guard completion.error != .cancelled else {
            // The loop ends: there is no more mail.
            isAwaitingMail.value = false
            return
        }
        counters.mailWakes += 1
        awaitMail()
    }

    /// The name of a connection's operation.
    @inline(__always)
    func token(_ kind: OperationKind, _ slot: UInt32) -> OperationToken {
        OperationToken(kind: kind.rawValue, generation: connections[slot].generation, index: slot)
    }
}
