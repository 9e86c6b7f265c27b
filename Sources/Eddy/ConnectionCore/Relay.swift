internal import EddyBuffers
internal import EddyRing
internal import EddySystem

// A relay joins two connections of one loop. A slice received on one enters the send queue of the other: no task wakes,
// and nothing is copied.
//
//       client ──received──▶ relay ──▶ [upstream's queue] ──sent──▶ upstream
//       client ◀──sent── [client's queue] ◀── relay ◀──received── upstream
//
//     FIN of one side:   the other side's queue is sent, then FIN.
//     Reset of one side: the other side's queue is sent and delivered, then that side is reset, too.
//     One side cannot be sent to: the bytes that it sent are received and passed on, then it counts as reset. The other
//                        side must take them within the close timeout, or make progress.
//     A slow side:       its queue fills; reading from the other side pauses until it has drained.

/// Passes on what each of two connections receives, in place of a task, until both directions have ended.
final class Relay: ConnectionCallback {
    private unowned let driver: ConnectionDriver
    private let first: ConnectionID
    private let second: ConnectionID
    private var callback: CallbackID?
    /// The task that waits for the relay's end.
    private var waiter: Waiter?

    init(between first: ConnectionID, and second: ConnectionID, of driver: ConnectionDriver) {
        (self.driver, self.first, self.second) = (driver, first, second)
    }

    /// Relays until both directions have ended. Bytes that either side has already received are relayed first.
    func run() async {
        let callback = driver.callbacks.insert(self)
        self.callback = callback
        for id in [first, second] {
            driver.connections[id].downstream = other(id)
            driver.install(callback, on: id)
        }
        await Waiter.suspend { waiter = $0 }
    }

    private func other(_ id: ConnectionID) -> ConnectionID { id == first ? second : first }

    func ready(_ id: ConnectionID) {
        let peer = other(id)
        while let slice = driver.slices.popFirst(of: &driver.connections[id].receiving.queue) { pass(slice, to: peer) }
        driver.connections[id].drain.isUnanswered = false
        if driver.connections[id].lifecycle.hasFailed {
            driver.connections[peer].lifecycle.end(.resetAfterFlush)
            return finish()
        }
        if driver.connections[id].lifecycle.cannotSend { driver.limitDelivery(to: peer, after: id) }
        if driver.connections[id].receiving.input == .ended { driver.endWriting(peer) }
        guard
            driver.connections[first].sending.output != .finSent
                || driver.connections[second].sending.output != .finSent
        else { return finish() }
        receive(on: id)
        receive(on: peer)
    }

    /// Passes a slice on. Bytes for a side that cannot be sent to are dropped: their sender will get the failure.
    private func pass(_ slice: Slice, to peer: ConnectionID) {
        guard !driver.connections[peer].lifecycle.cannotSend, driver.connections[peer].sending.output == .open else {
            return slice.drop()
        }
        driver.output(slice, to: peer)
    }

    /// Receives more on a side. If the other side's queue is too long, tries again when it has drained.
    private func receive(on id: ConnectionID) {
        driver.armReceive(id)
        let peer = other(id)
        guard !driver.connections[id].receiving.isArmed, !driver.connections[peer].sending.queue.isEmpty else { return }
        driver.connections[peer].sending.notifyCallback()
    }

    /// Separates the connections and resumes the waiting task.
    private func finish() {
        guard let callback else { return }
        for id in [first, second] {
            driver.removeCallback(of: id)
            driver.connections[id].downstream = nil
            driver.endDeliveryLimit(of: id)
        }
        driver.callbacks.remove(callback)
        self.callback = nil
        waiter?.resume()
    }

    // MARK: The end of the server's grace

    /// The relay's progress if nothing appears to be in progress at this moment; nil when something is.
    func markIdle() -> Mark? {
        guard isQuiet(first), isQuiet(second) else { return nil }
        return Mark(
            sentToFirst: driver.connections[first].movedBytes,
            sentToSecond: driver.connections[second].movedBytes
        )
    }

    /// Ends both directions gracefully.
    func end() {
        for id in [first, second] {
            driver.connections[id].drain.isDraining = true
            driver.endWriting(id)
            driver.perform(driver.connections[id].endSendingIfDue(), on: id)
        }
    }

    /// Whether no bytes wait to be sent, acknowledged or received.
    private func isQuiet(_ id: ConnectionID) -> Bool {
        !driver.connections[id].lifecycle.cannotSend && driver.connections[id].receiving.queue.isEmpty
            && driver.connections[id].sending.queue.isEmpty
            && driver.ring.bytesToReceive(driver.connections[id].descriptor) == 0 && driver.isAcknowledged(id)
    }

    /// A snapshot of a relay's progress. Received bytes are sent on before a relay counts as idle, so the sent bytes
    /// suffice.
    struct Mark: Equatable {
        /// Bytes sent to either side. They wrap.
        let sentToFirst: UInt32
        let sentToSecond: UInt32
    }
}

extension ConnectionDriver {
    /// The relay that uses a connection.
    func relay(of id: ConnectionID) -> Relay? { callback(of: id) as? Relay }
}
