internal import EddyBuffers
internal import EddyRing

// A pool at its limit makes receives wait until memory comes back. Peers that take nothing of what they are sent, and
// handlers that do not read, may hold all of it, and nothing would ever come back:
//
//     receives find no chunk ──▶ starvationTimeout without a single one ──▶ the connections that hold most are reset,
//                            ◀── some memory came back: nothing happens     until a quarter of the pool is free,
//                                                                             and a tenth of the time later the next
//
// So those who stall lose their connections, and nobody else's stands still for ever. What is free then is not theirs
// to fill again: with most of the pool held, who has not read what it has asks for no more (``armReceive(_:)``).

extension EventLoop {
    /// Receives wait, and there is no chunk: the time runs from here, unless it does already.
    func watchStarvation() {
        guard starvationTimer.value == .none, !starvedQueue.isEmpty else { return }
        setStarvationTimer(after: configuration.starvationTimeout)
    }

    private func setStarvationTimer(after time: Duration) {
        starvationTimer.value = timers.schedule(.starvationTimedOut, at: now.advanced(by: time))
    }

    /// There are chunks.
    func endStarvation() {
        guard starvationTimer.value != .none else { return }
        timers.cancel(starvationTimer.value)
        starvationTimer.value = .none
    }

    /// The time is over, and there was not a single chunk.
    func starvationTimedOut() {
        starvationTimer.value = .none
        guard !starvedQueue.isEmpty else { return }
        let holders = largestHolders()
        let held = holders.reduce(0) { $0 + $1.byteCount }
        if pool.statistics.liveBytes - held > held {
            reportKeptMemory()
        } else {
            // Others may hold the rest of the chunks: if none comes back now, it is soon the next ones' turn.
            setStarvationTimer(after: configuration.starvationTimeout / 10)
        }
        var wanted = configuration.pool.maximumBytes / 4
        for (slot, byteCount) in holders where wanted > 0 {
            wanted -= byteCount
            evict(slot)
        }
    }

    /// What the program keeps is not the loop's to take back.
    private func reportKeptMemory() {
        writeToStandardError(
            "eddy: connections wait for memory, and buffers that the program keeps hold most of the "
                + "\(pool.mappedBytes) bytes of its event loop's pool; drop them sooner, copy what is kept for long, or "
                + "raise pool.maximumBytes\n"
        )
    }

    /// The connections that hold memory, those with most of it first.
    private func largestHolders() -> [(slot: UInt32, byteCount: Int)] {
        var holders: [(slot: UInt32, byteCount: Int)] = []
        connections.forEachOccupied { slot in
            let byteCount = Int(connections[slot].inbound.byteCount) + Int(connections[slot].outbound.byteCount)
            if byteCount > 0 { holders.append((slot, byteCount)) }
        }
        return holders.sorted { $0.byteCount > $1.byteCount }
    }

    /// Resets a connection for the memory that it holds. Its handler gets ENOBUFS.
    private func evict(_ slot: UInt32) {
        if !connections[slot].hasFailed { counters.connectionsEvicted += 1 }
        slices.removeAll(of: &connections[slot].inbound)
        reset(slot, failure: SystemError.noBufferSpace.code)
    }
}
