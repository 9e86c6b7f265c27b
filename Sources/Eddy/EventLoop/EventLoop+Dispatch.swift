internal import EddyBuffers
internal import EddyRing
internal import EddySystem

extension EventLoop {
    /// Dispatches every available completion to its owner.
    ///
    /// Takes only completions that were posted before the call. The queue is finite, so an iteration is finite, too.
    func dispatchCompletions() {
        while let completion = ring.nextCompletion() { dispatch(completion) }
    }

    private func dispatch(_ completion: CompletionEntry) {
        let token = completion.token
        switch OperationKind(rawValue: token.kind) {
        case .receive: driver.received(completion, id: ConnectionID(token))
        case .send: driver.sent(completion, id: ConnectionID(token))
        case .inlineSend: driver.inlineSendFailed(completion, id: ConnectionID(token))
        case .accept: listeners[ListenerID(token)]?.accepted(completion)
        case .connect: connected(completion, id: ConnectionID(token))
        case .zeroCopySend: driver.zeroCopySent(completion)
        case .readFile: driver.fileRead(completion)
        case .wake: woken(completion)
        case .trimMemory: trimMemory(completion)
        case .cancel: break
        case nil: unreachable("the kernel completed what the loop never submitted")
        }
    }

    private func woken(_ completion: CompletionEntry) {
        guard completion.error != .cancelled else {
            // The loop ends: no more items arrive.
            isWakeReadInFlight.value = false
            return
        }
        driver.counters.crossThreadWakeups += 1
        readWakeDescriptor()
    }
}
