public import EddyBuffers

// When writers wait:
//
//     queued bytes    0 ──────── low ──────────────── high ────────▶
//                               ◀── waiting ends       waiting begins
//
// When the loop's memory is tight, both are lower: see ``ConnectionDriver/writeLimit(_:)``.

extension ConnectionHandle {
    func setWatermarks(low: Int, high: Int) {
        guard isOnLoopThread else { return }
        require(low >= 1 && low <= high && high <= 1 << 30, "watermarks lie in 1...high and low...1 GiB")
        driver.connections[id].sending.lowWatermark = UInt32(low)
        driver.connections[id].sending.highWatermark = UInt32(high)
    }

    /// Queues bytes; returns whether the writer must wait now.
    @usableFromInline
    func queue(_ buffer: consuming Buffer) throws(ConnectionError) -> Bool {
        try requireLoopThread()
        if let error = driver.write(buffer.relinquish(), to: id) { throw error }
        return driver.connections[id].sending.queue.byteCount > driver.writeLimit(id)
    }

    /// Queues shared bytes; returns whether the writer must wait now.
    func queue(_ buffer: SharedBuffer) throws(ConnectionError) -> Bool {
        try requireLoopThread()
        if let error = driver.write(buffer.retainedSlice(), to: id) { throw error }
        return driver.connections[id].sending.queue.byteCount > driver.writeLimit(id)
    }

    /// Queues all the buffers, even beyond the high watermark; returns whether the writer must wait now.
    func queue(contentsOf buffers: some Sequence<SharedBuffer>) throws(ConnectionError) -> Bool {
        var isAbove = false
        for buffer in buffers { isAbove = try queue(buffer) }
        return isAbove
    }

    /// Waits until the queue is short enough.
    @usableFromInline
    func waitUntilDrained() async throws(ConnectionError) {
        guard !driver.connections[id].sending.isCancelled else { throw .cancelled }
        await Waiter.suspend { driver.connections[id].sending.suspend($0) }
        try driver.connections[id].lifecycle.requireSending()
        let isDrained = driver.connections[id].sending.queue.byteCount <= driver.resumeMark(id)
        if !isDrained, driver.connections[id].sending.isCancelled { throw .cancelled }
    }

    /// Ends the sending direction and waits until FIN is sent.
    func finishWriting() async throws(ConnectionError) {
        try requireLoopThread()
        driver.endWriting(id)
        while driver.connections[id].sending.output != .finSent, !driver.connections[id].lifecycle.cannotSend {
            guard !driver.connections[id].sending.isCancelled else { throw .cancelled }
            await Waiter.suspend { driver.connections[id].sending.suspend($0) }
        }
        try driver.connections[id].lifecycle.requireSending()
    }
}
