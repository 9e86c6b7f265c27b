internal import EddyBuffers

// What writers wait for:
//
//     queued bytes    0 ──────── low ──────────────── high ────────▶
//                               ◀── waiting ends       waiting begins
//
// Where the loop's memory is short both are less: see ``EventLoop/writeLimit(_:)``.

extension EventLoop {
    func setWatermarks(low: Int, high: Int, of slot: UInt32) {
        guard isLoopThread(for: slot) else { return }
        require(low >= 1 && low <= high && high <= 1 << 30, "watermarks lie in 1...high and low...1 GiB")
        connections[slot].lowWatermark = UInt32(low)
        connections[slot].highWatermark = UInt32(high)
    }

    /// Queues bytes; returns whether the writer must wait now.
    @inline(__always)
    func queue(_ buffer: consuming Buffer, to slot: UInt32) throws(ConnectionError) -> Bool {
        try requireLoopThread(for: slot)
        if let error = write(buffer.relinquish(), to: slot) { throw error }
        return connections[slot].outbound.byteCount > writeLimit(slot)
    }

    /// Queues shared bytes; returns whether the writer must wait now.
    func queue(_ buffer: SharedBuffer, to slot: UInt32) throws(ConnectionError) -> Bool {
        try requireLoopThread(for: slot)
        if let error = write(buffer.lend(), to: slot) { throw error }
        return connections[slot].outbound.byteCount > writeLimit(slot)
    }

    /// Queues all the buffers, also beyond the high watermark; returns whether the writer must wait now.
    func queue(contentsOf buffers: some Sequence<SharedBuffer>, to slot: UInt32) throws(ConnectionError) -> Bool {
        var isAbove = false
        for buffer in buffers { isAbove = try queue(buffer, to: slot) }
        return isAbove
    }

    /// Waits until the queue is short enough.
    func waitUntilDrained(_ slot: UInt32) async throws(ConnectionError) {
        guard !connections[slot].flags.contains(.writingCancelled) else { throw .cancelled }
        await Suspension.suspend { connections[slot].suspendWriter($0) }
        if connections[slot].cannotSend { throw ConnectionError(failure: connections[slot].failure) }
        let isDrained = connections[slot].outbound.byteCount <= resumeMark(slot)
        if !isDrained, connections[slot].flags.contains(.writingCancelled) { throw .cancelled }
    }

    /// Ends this side's direction and waits until the end is on its way.
    func finishWriting(_ slot: UInt32) async throws(ConnectionError) {
        try requireLoopThread(for: slot)
        endWriting(slot)
        while !connections[slot].flags.contains(.ended), !connections[slot].cannotSend {
            guard !connections[slot].flags.contains(.writingCancelled) else { throw .cancelled }
            await Suspension.suspend { connections[slot].suspendWriter($0) }
        }
        if connections[slot].cannotSend { throw ConnectionError(failure: connections[slot].failure) }
    }

    func resumeWriter(_ slot: UInt32) {
        guard let writer = connections[slot].writer else { return }
        connections[slot].writer = nil
        writer.resume()
    }
}
