internal import EddyRing

// A connection with timeouts has one timer. Nothing that happens on the connection moves it; it leaves a stamp instead.
// When the timer is due it looks at the stamps, and is set again if nothing is due yet:
//
//     idle timeout of 5     stamps      ┊x ┊  ┊ x┊  ┊x ┊  ┊  ┊  ┊  ┊  ┊  ┊
//                           timer       ╰──────────────▲
//                                                 last stamp + 5 ▲────────── due: reset
//
// So a request costs a store or two, which is next to nothing beside setting a timer, and a connection without timeouts
// costs a comparison.
//
//     read     stamped when a task begins to wait for bytes
//     idle     stamped when bytes were received or sent
//     write    the peer may take bytes of a send for a long time before the send completes, so while something is
//              queued, the timer is due four times in the timeout, and asks the system what the peer has taken

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
        deadlines[index].waitingSince = now
        deadlines[index].lastActivity = now
        deadlines[index].stalledSince = now
        setTimer(of: id, at: nextLook(id, index, now: now))
    }

    func readDeadline(of id: ConnectionID) -> UInt64 {
        connections[id].deadlines.map { deadlines[$0].readDeadline } ?? ConnectionDeadlines.never
    }

    func setReadDeadline(_ deadline: UInt64, of id: ConnectionID) {
        let index = makeDeadlines(id)
        deadlines[index].readDeadline = deadline
    }

    /// A connection has been made: it has the loop's timeouts, if there are any.
    func applyTimeouts(_ id: ConnectionID) {
        setTimeouts(configuration.timeouts, of: id)
    }

    private static func nanoseconds(_ duration: Duration?) -> UInt64 {
        duration.map { UInt64(0).advanced(by: $0) } ?? ConnectionDeadlines.never
    }

    private static func duration(_ nanoseconds: UInt64) -> Duration? {
        nanoseconds == ConnectionDeadlines.never ? nil : .nanoseconds(Int64(clamping: nanoseconds))
    }

    // MARK: The connection's timer

    /// The connection's deadlines, made now if there were none.
    func makeDeadlines(_ id: ConnectionID) -> DeadlinesID {
        if let index = connections[id].deadlines { return index }
        let index = deadlines.occupy()
        deadlines[index] = ConnectionDeadlines()
        connections[id].deadlines = index
        return index
    }

    /// The connection has nothing to do with time any more.
    func dropDeadlines(_ id: ConnectionID) {
        guard let index = connections[id].deadlines else { return }
        timers.cancel(deadlines[index].timer)
        timers.cancel(deadlines[index].deliveryTimer)
        connections[id].deadlines = nil
        deadlines.vacate(index)
    }

    /// Sets the connection's only timer, in place of what it was set for before.
    func setTimer(of id: ConnectionID, at deadline: UInt64) {
        let index = makeDeadlines(id)
        timers.cancel(deadlines[index].timer)
        deadlines[index].due = deadline
        deadlines[index].timer =
            deadline == ConnectionDeadlines.never ? nil : timers.schedule(.connection(id), at: deadline)
    }

    func connectionTimerFired(_ id: ConnectionID) {
        guard let index = connections[id].deadlines else { return }
        deadlines[index].timer = nil
        deadlines[index].due = ConnectionDeadlines.never
        switch connections[id].phase {
        case .open, .detaching: lookAtTimeouts(id)
        case .closing: closeTimedOut(id)
        case .connecting, .broken, .released, .vacant: break
        }
    }

    // MARK: Stamps

    /// A task waits for bytes.
    func startedWaitingToRead(_ id: ConnectionID) {
        guard let index = connections[id].deadlines,
            deadlines[index].readTimeout & deadlines[index].readDeadline != ConnectionDeadlines.never
        else { return }
        // Without a timer the loop's time may be out of date.
        let now = deadlines[index].due == ConnectionDeadlines.never ? updateTime() : time.value
        deadlines[index].waitingSince = now
        let limit = min(now.advanced(byNanoseconds: deadlines[index].readTimeout), deadlines[index].readDeadline)
        if limit < deadlines[index].due { setTimer(of: id, at: limit) }
    }

    /// A send is under way that waits until the peer has taken enough.
    func startedWaitingToSend(_ id: ConnectionID) {
        guard let index = connections[id].deadlines else { return }
        // Without looks an idle timeout would take what the peer has taken long ago for activity of now.
        let patience = min(deadlines[index].sendTimeout, deadlines[index].idleTimeout)
        // The timer of one that is being closed is the close timeout's.
        guard connections[id].phase != .closing, patience != ConnectionDeadlines.never else { return }
        let now = deadlines[index].due == ConnectionDeadlines.never ? updateTime() : time.value
        deadlines[index].stalledSince = now
        let look = now.advanced(byNanoseconds: patience / 4)
        if look < deadlines[index].due { setTimer(of: id, at: look) }
    }

    /// Bytes have moved.
    @inline(__always)
    func noteActivity(_ id: ConnectionID) {
        if let index = connections[id].deadlines { deadlines[index].lastActivity = time.value }
    }

    // MARK: Looking

    /// The timer was due: does what the stamps say, or sets it again.
    private func lookAtTimeouts(_ id: ConnectionID) {
        guard !connections[id].hasFailed, let index = connections[id].deadlines else { return }
        let now = time.value
        noteProgress(id, index, now: now)
        if deadlines[index].stalledSince.advanced(byNanoseconds: deadlines[index].writeTimeout) <= now {
            counters.writeTimeouts += 1
            return reset(id, failure: ConnectionError.writeTimedOutCode)
        }
        if deadlines[index].stalledSince.advanced(byNanoseconds: deadlines[index].relayTimeout) <= now,
            let peer = connections[id].relayPeer
        {
            // The other side is what has broken.
            return reset(id, failure: connections[peer].failure)
        }
        if deadlines[index].lastActivity.advanced(byNanoseconds: deadlines[index].idleTimeout) <= now {
            counters.idleTimeouts += 1
            return reset(id, failure: ConnectionError.idleTimedOutCode)
        }
        if waitsToRead(id), readLimit(index) <= now {
            counters.readTimeouts += 1
            connections[id].flags.insert(.readTimedOut)
            resumeReader(id)
        }
        setTimer(of: id, at: nextLook(id, index, now: now))
    }

    /// When something may be due, if nothing more happens.
    private func nextLook(_ id: ConnectionID, _ index: DeadlinesID, now: UInt64) -> UInt64 {
        var next = deadlines[index].lastActivity.advanced(byNanoseconds: deadlines[index].idleTimeout)
        if waitsToRead(id) { next = min(next, readLimit(index)) }
        if !connections[id].outbound.isEmpty {
            let limit = deadlines[index].stalledSince.advanced(byNanoseconds: deadlines[index].sendTimeout)
            let patience = min(deadlines[index].sendTimeout, deadlines[index].idleTimeout)
            let look = patience == ConnectionDeadlines.never ? patience : now.advanced(byNanoseconds: patience / 4)
            next = min(next, limit, look)
        }
        return next
    }

    /// Whether a task waits for bytes, suspended or not. That of a relay waits for its end.
    private func waitsToRead(_ id: ConnectionID) -> Bool {
        guard connections[id].reader != nil || pollingReader.value == id else { return false }
        return !connections[id].isRelaying && connections[id].flags.isDisjoint(with: [.readTimedOut, .awaitsTurn])
    }

    private func readLimit(_ index: DeadlinesID) -> UInt64 {
        let limit = deadlines[index].waitingSince.advanced(byNanoseconds: deadlines[index].readTimeout)
        return min(limit, deadlines[index].readDeadline)
    }

    /// Stamps what nobody else does: what the peer has taken of a send that goes on, and that nothing can be received
    /// because the loop has no memory, which is not the peer's fault.
    private func noteProgress(_ id: ConnectionID, _ index: DeadlinesID, now: UInt64) {
        let flags = connections[id].flags
        if flags.contains(.starved) || flags.contains(.awaitsMemory) && !flags.contains(.receiving) {
            deadlines[index].waitingSince = now
            deadlines[index].lastActivity = now
        }
        guard !connections[id].outbound.isEmpty else {
            deadlines[index].stalledSince = now
            return
        }
        let progress = ring.deliveryProgress(connections[id].descriptor)
        guard progress != deadlines[index].progress else { return }
        deadlines[index].progress = progress
        deadlines[index].stalledSince = now
        deadlines[index].lastActivity = now
    }
}
