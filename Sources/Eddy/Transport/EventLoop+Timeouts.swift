internal import EddyRing
internal import EddySystem

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

extension EventLoop {
    // MARK: Setting

    func timeouts(of slot: UInt32) -> Connection.Timeouts {
        let index = connections[slot].deadlines
        guard index != SlotIndex.none else { return Connection.Timeouts() }
        return Connection.Timeouts(
            read: Self.duration(deadlines[index].readTimeout),
            write: Self.duration(deadlines[index].writeTimeout),
            idle: Self.duration(deadlines[index].idleTimeout)
        )
    }

    func setTimeouts(_ timeouts: Connection.Timeouts, of slot: UInt32) {
        if timeouts == Connection.Timeouts(), connections[slot].deadlines == SlotIndex.none { return }
        let index = makeDeadlines(slot)
        let now = updateTime()
        deadlines[index].readTimeout = Self.nanoseconds(timeouts.read)
        deadlines[index].writeTimeout = Self.nanoseconds(timeouts.write)
        deadlines[index].idleTimeout = Self.nanoseconds(timeouts.idle)
        deadlines[index].waitingSince = now
        deadlines[index].lastActivity = now
        deadlines[index].stalledSince = now
        setTimer(of: slot, at: nextLook(slot, now: now))
    }

    func readDeadline(of slot: UInt32) -> UInt64 {
        let index = connections[slot].deadlines
        return index == SlotIndex.none ? ConnectionDeadlines.never : deadlines[index].readDeadline
    }

    func setReadDeadline(_ deadline: UInt64, of slot: UInt32) {
        let index = makeDeadlines(slot)
        deadlines[index].readDeadline = deadline
    }

    /// Runs `body` with a read deadline, within the one that there is.
    func withReadDeadline<Success: ~Copyable, Failure: Error>(
        after duration: Duration,
        of slot: UInt32,
        _ body: @concurrent () async throws(Failure) -> Success
    ) async throws(Failure) -> Success {
        // Reads throw elsewhere.
        guard isLoopThread(for: slot) else { return try await body() }
        let outer = readDeadline(of: slot)
        let inner = now.advanced(by: duration)
        setReadDeadline(min(outer, inner), of: slot)
        defer { setReadDeadline(outer, of: slot) }
        return try await body()
    }

    /// A connection has been made: it has the loop's timeouts, if there are any.
    func applyTimeouts(_ slot: UInt32) {
        setTimeouts(configuration.timeouts, of: slot)
    }

    private static func nanoseconds(_ duration: Duration?) -> UInt64 {
        duration.map { UInt64(0).advanced(by: $0) } ?? ConnectionDeadlines.never
    }

    private static func duration(_ nanoseconds: UInt64) -> Duration? {
        nanoseconds == ConnectionDeadlines.never ? nil : .nanoseconds(Int64(clamping: nanoseconds))
    }

    // MARK: The connection's timer

    /// The connection's deadlines, made now if there were none.
    func makeDeadlines(_ slot: UInt32) -> UInt32 {
        if connections[slot].deadlines == SlotIndex.none {
            let index = deadlines.occupy()
            deadlines[index] = ConnectionDeadlines()
            connections[slot].deadlines = index
        }
        return connections[slot].deadlines
    }

    /// The connection has nothing to do with time any more.
    func dropDeadlines(_ slot: UInt32) {
        let index = connections[slot].deadlines
        guard index != SlotIndex.none else { return }
        timers.cancel(deadlines[index].timer)
        timers.cancel(deadlines[index].deliveryTimer)
        connections[slot].deadlines = SlotIndex.none
        deadlines.vacate(index)
    }

    /// Sets the connection's only timer, in place of what it was set for before.
    func setTimer(of slot: UInt32, at deadline: UInt64) {
        let index = connections[slot].deadlines
        timers.cancel(deadlines[index].timer)
        deadlines[index].due = deadline
        deadlines[index].timer =
            deadline == ConnectionDeadlines.never ? .none : timers.schedule(.connection(slot: slot), at: deadline)
    }

    func connectionTimerFired(_ slot: UInt32) {
        let index = connections[slot].deadlines
        deadlines[index].timer = .none
        deadlines[index].due = ConnectionDeadlines.never
        switch connections[slot].phase {
        case .open, .detaching: lookAtTimeouts(slot)
        case .closing: closeTimedOut(slot)
        case .connecting, .broken, .released, .vacant: break
        }
    }

    // MARK: Stamps

    /// A task waits for bytes.
    func startedWaitingToRead(_ slot: UInt32) {
        let index = connections[slot].deadlines
        guard deadlines[index].readTimeout & deadlines[index].readDeadline != ConnectionDeadlines.never else { return }
        // Without a timer the loop's time may be out of date.
        let now = deadlines[index].due == ConnectionDeadlines.never ? updateTime() : time.value
        deadlines[index].waitingSince = now
        let limit = min(now.advanced(byNanoseconds: deadlines[index].readTimeout), deadlines[index].readDeadline)
        if limit < deadlines[index].due { setTimer(of: slot, at: limit) }
    }

    /// A send is under way that waits until the peer has taken enough.
    func startedWaitingToSend(_ slot: UInt32) {
        let index = connections[slot].deadlines
        // Without looks an idle timeout would take what the peer has taken long ago for activity of now.
        let patience = min(deadlines[index].sendTimeout, deadlines[index].idleTimeout)
        // The timer of one that is being closed is the close timeout's.
        guard connections[slot].phase != .closing, patience != ConnectionDeadlines.never else { return }
        let now = deadlines[index].due == ConnectionDeadlines.never ? updateTime() : time.value
        deadlines[index].stalledSince = now
        let look = now.advanced(byNanoseconds: patience / 4)
        if look < deadlines[index].due { setTimer(of: slot, at: look) }
    }

    /// Bytes have moved.
    @inline(__always)
    func noteActivity(_ slot: UInt32) {
        let index = connections[slot].deadlines
        if index != SlotIndex.none { deadlines[index].lastActivity = time.value }
    }

    // MARK: Looking

    /// The timer was due: does what the stamps say, or sets it again.
    private func lookAtTimeouts(_ slot: UInt32) {
        guard !connections[slot].hasFailed else { return }
        let index = connections[slot].deadlines
        let now = time.value
        noteProgress(slot, now: now)
        if deadlines[index].stalledSince.advanced(byNanoseconds: deadlines[index].writeTimeout) <= now {
            counters.writeTimeouts += 1
            return reset(slot, failure: ConnectionError.writeTimedOutCode)
        }
        if deadlines[index].stalledSince.advanced(byNanoseconds: deadlines[index].relayTimeout) <= now,
            connections[slot].isRelaying
        {
            // The other side is what has broken.
            return reset(slot, failure: connections[connections[slot].relayPeer].failure)
        }
        if deadlines[index].lastActivity.advanced(byNanoseconds: deadlines[index].idleTimeout) <= now {
            counters.idleTimeouts += 1
            return reset(slot, failure: ConnectionError.idleTimedOutCode)
        }
        if waitsToRead(slot), readLimit(slot) <= now {
            counters.readTimeouts += 1
            connections[slot].flags.insert(.readTimedOut)
            resumeReader(slot)
        }
        setTimer(of: slot, at: nextLook(slot, now: now))
    }

    /// When something may be due, if nothing more happens.
    private func nextLook(_ slot: UInt32, now: UInt64) -> UInt64 {
        let index = connections[slot].deadlines
        var next = deadlines[index].lastActivity.advanced(byNanoseconds: deadlines[index].idleTimeout)
        if waitsToRead(slot) { next = min(next, readLimit(slot)) }
        if !connections[slot].outbound.isEmpty {
            let limit = deadlines[index].stalledSince.advanced(byNanoseconds: deadlines[index].sendTimeout)
            let patience = min(deadlines[index].sendTimeout, deadlines[index].idleTimeout)
            let look = patience == ConnectionDeadlines.never ? patience : now.advanced(byNanoseconds: patience / 4)
            next = min(next, limit, look)
        }
        return next
    }

    /// Whether a task waits for bytes, suspended or not. That of a relay waits for its end.
    private func waitsToRead(_ slot: UInt32) -> Bool {
        guard connections[slot].reader != nil || readerInside.value == slot else { return false }
        return !connections[slot].isRelaying && connections[slot].flags.isDisjoint(with: [.readTimedOut, .awaitsTurn])
    }

    private func readLimit(_ slot: UInt32) -> UInt64 {
        let index = connections[slot].deadlines
        let limit = deadlines[index].waitingSince.advanced(byNanoseconds: deadlines[index].readTimeout)
        return min(limit, deadlines[index].readDeadline)
    }

    /// Stamps what nobody else does: what the peer has taken of a send that goes on, and that nothing can be received
    /// because the loop has no memory, which is not the peer's fault.
    private func noteProgress(_ slot: UInt32, now: UInt64) {
        let index = connections[slot].deadlines
        let flags = connections[slot].flags
        if flags.contains(.starved) || flags.contains(.awaitsMemory) && !flags.contains(.receiving) {
            deadlines[index].waitingSince = now
            deadlines[index].lastActivity = now
        }
        guard !connections[slot].outbound.isEmpty else {
            deadlines[index].stalledSince = now
            return
        }
        let progress = ring.deliveryProgress(connections[slot].descriptor)
        guard progress != deadlines[index].progress else { return }
        deadlines[index].progress = progress
        deadlines[index].stalledSince = now
        deadlines[index].lastActivity = now
    }
}
