internal import EddyRing
internal import EddySystem

extension ConnectionDriver {
    // MARK: Setting

    func timeouts(of id: ConnectionID) -> Connection.Timeouts {
        guard let index = connections[id].deadlines else { return Connection.Timeouts() }
        return Connection.Timeouts(
            read: Self.duration(deadlines[index].readTimeout),
            write: Self.duration(deadlines[index].writeTimeout),
            idle: Self.duration(deadlines[index].idleTimeout)
        )
    }

    func setTimeouts(_ timeouts: Connection.Timeouts, of id: ConnectionID) {
        if timeouts == Connection.Timeouts(), connections[id].deadlines == nil { return }
        let index = makeDeadlines(id)
        let now = updateTime()
        deadlines[index].readTimeout = Self.nanoseconds(timeouts.read)
        deadlines[index].writeTimeout = Self.nanoseconds(timeouts.write)
        deadlines[index].idleTimeout = Self.nanoseconds(timeouts.idle)
        deadlines[index].restart(at: now)
        setTimer(of: id, at: nextCheck(id, index, now: now))
    }

    func readDeadline(of id: ConnectionID) -> Instant {
        connections[id].deadlines.map { deadlines[$0].readDeadline } ?? .distantFuture
    }

    func setReadDeadline(_ deadline: Instant, of id: ConnectionID) {
        deadlines[makeDeadlines(id)].readDeadline = deadline
    }

    /// Applies the loop's timeouts, if there are any, to a new connection.
    func applyTimeouts(_ id: ConnectionID) {
        setTimeouts(configuration.timeouts, of: id)
    }

    private static func nanoseconds(_ duration: Duration?) -> UInt64 {
        duration?.wholeNanoseconds ?? ConnectionDeadlines.never
    }

    private static func duration(_ nanoseconds: UInt64) -> Duration? {
        nanoseconds == ConnectionDeadlines.never ? nil : .nanoseconds(Int64(clamping: nanoseconds))
    }

    // MARK: The connection's timer

    /// The connection's deadlines, created if there were none.
    func makeDeadlines(_ id: ConnectionID) -> DeadlinesID {
        if let index = connections[id].deadlines { return index }
        let index = deadlines.occupy()
        deadlines[index] = ConnectionDeadlines()
        connections[id].deadlines = index
        return index
    }

    /// Cancels the timers of a connection that ends.
    func dropDeadlines(_ id: ConnectionID) {
        guard let index = connections[id].deadlines else { return }
        timers.cancel(deadlines[index].timer)
        timers.cancel(deadlines[index].deliveryTimer)
        connections[id].deadlines = nil
        deadlines.vacate(index)
    }

    /// Sets the connection's only timer, replacing its previous deadline.
    func setTimer(of id: ConnectionID, at deadline: Instant) {
        let index = makeDeadlines(id)
        timers.cancel(deadlines[index].timer)
        deadlines[index].due = deadline
        deadlines[index].timer = deadline == .distantFuture ? nil : timers.schedule(.connection(id), at: deadline)
    }

    func connectionTimerFired(_ id: ConnectionID) {
        guard let index = connections[id].deadlines else { return }
        deadlines[index].timer = nil
        deadlines[index].due = .distantFuture
        switch connections[id].lifecycle.phase {
        case .open, .detaching: checkTimeouts(id, index)
        case .closing: closeTimedOut(id)
        case .connecting, .broken, .released, .vacant: break
        }
    }

    // MARK: Stamps

    /// Records that a task waits for bytes.
    func startedWaitingToRead(_ id: ConnectionID) {
        guard let index = connections[id].deadlines, deadlines[index].limitsReads else { return }
        if let due = deadlines[index].startedReading(at: stamp(index)) { setTimer(of: id, at: due) }
    }

    /// Records that a send is in flight that waits for the peer to take enough.
    func startedWaitingToSend(_ id: ConnectionID) {
        // While a connection is closing, its timer is the close timeout.
        guard let index = connections[id].deadlines, connections[id].lifecycle.phase != .closing,
            deadlines[index].watchesSends
        else { return }
        if let due = deadlines[index].startedSending(at: stamp(index)) { setTimer(of: id, at: due) }
    }

    /// The time of this iteration. If the connection has no timer, the loop's time may be stale and is updated.
    private func stamp(_ index: DeadlinesID) -> Instant {
        deadlines[index].due == .distantFuture ? updateTime() : time.value
    }

    /// Records that bytes have moved.
    @inline(__always)
    func noteActivity(_ id: ConnectionID) {
        if let index = connections[id].deadlines { deadlines[index].lastActivity = time.value }
    }

    // MARK: Reading the stamps

    /// Handles the timer: acts on an expired timeout, or sets the timer again.
    private func checkTimeouts(_ id: ConnectionID, _ index: DeadlinesID) {
        guard !connections[id].lifecycle.hasFailed else { return }
        let now = time.value
        noteProgress(id, index, now: now)
        switch deadlines[index].expiry(at: now, isReading: waitsToRead(id)) {
        case .write:
            counters.writeTimeouts += 1
            return reset(id, failure: ConnectionError.writeTimedOutCode)
        case .relay: return reset(id, failure: deadlines[index].relayFailure)
        case .idle:
            counters.idleTimeouts += 1
            return reset(id, failure: ConnectionError.idleTimedOutCode)
        case .read:
            counters.readTimeouts += 1
            connections[id].receiving.timeOut()
            resumeReader(id)
        case .none: break
        }
        setTimer(of: id, at: nextCheck(id, index, now: now))
    }

    /// The earliest time at which a timeout may expire if there is no further activity.
    private func nextCheck(_ id: ConnectionID, _ index: DeadlinesID, now: Instant) -> Instant {
        deadlines[index].nextCheck(
            at: now,
            isReading: waitsToRead(id),
            isSending: !connections[id].sending.queue.isEmpty
        )
    }

    /// Limits how long a side of a relay may take none of its queued bytes, because the other side, which sent them,
    /// has failed.
    func limitDelivery(to id: ConnectionID, after other: ConnectionID) {
        let index = makeDeadlines(id)
        guard deadlines[index].relayTimeout == ConnectionDeadlines.never else { return }
        deadlines[index].relayTimeout = configuration.closeTimeout.wholeNanoseconds
        deadlines[index].relayFailure = connections[other].lifecycle.failure.code
        startedWaitingToSend(id)
    }

    func endDeliveryLimit(of id: ConnectionID) {
        if let index = connections[id].deadlines { deadlines[index].relayTimeout = ConnectionDeadlines.never }
    }

    /// Whether a task or an object waits for bytes. A relay waits for either side, for as long as it takes.
    private func waitsToRead(_ id: ConnectionID) -> Bool {
        guard connections[id].receiving.hasReader || pollingReader.value == id else { return false }
        return connections[id].downstream == nil && connections[id].receiving.interruption != .timedOut
            && !connections[id].receiving.awaitsTurn && !connections[id].receiving.isReady
    }

    /// Records what no event reports: how much the peer has taken of a send in flight, and that the connection cannot
    /// receive because the loop has no memory.
    private func noteProgress(_ id: ConnectionID, _ index: DeadlinesID, now: Instant) {
        if connections[id].receiving.lacksMemory { deadlines[index].lackedMemory(at: now) }
        if connections[id].sending.queue.isEmpty {
            deadlines[index].nothingQueued(at: now)
        } else {
            deadlines[index].madeProgress(ring.deliveryProgress(connections[id].descriptor), at: now)
        }
    }
}
