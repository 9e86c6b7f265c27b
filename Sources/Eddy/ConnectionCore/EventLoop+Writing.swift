internal import EddyBuffers

// What writers wait for:
//
//     queued bytes    0 ──────── low ──────────────── high ────────▶
//                               ◀── waiting ends       waiting begins
//
// Where the loop's memory is short both are less: see ``EventLoop/writeLimit(_:)``.

extension EventLoop {
    func setWatermarks(low: Int, high: Int, of id: ConnectionID) {
        guard isLoopThread(for: id) else { return }
        require(low >= 1 && low <= high && high <= 1 << 30, "watermarks lie in 1...high and low...1 GiB")
        connections[id].lowWatermark = UInt32(low)
        connections[id].highWatermark = UInt32(high)
    }

    /// Queues bytes; returns whether the writer must wait now.
    @inline(__always)
    func queue(_ buffer: consuming Buffer, to id: ConnectionID) throws(ConnectionError) -> Bool {
        try requireLoopThread(for: id)
        if let error = write(buffer.relinquish(), to: id) { throw error }
        return connections[id].outbound.byteCount > writeLimit(id)
    }

    /// Queues shared bytes; returns whether the writer must wait now.
    func queue(_ buffer: SharedBuffer, to id: ConnectionID) throws(ConnectionError) -> Bool {
        try requireLoopThread(for: id)
        if let error = write(buffer.lend(), to: id) { throw error }
        return connections[id].outbound.byteCount > writeLimit(id)
    }

    /// Queues all the buffers, also beyond the high watermark; returns whether the writer must wait now.
    func queue(contentsOf buffers: some Sequence<SharedBuffer>, to id: ConnectionID) throws(ConnectionError) -> Bool {
        var isAbove = false
        for buffer in buffers { isAbove = try queue(buffer, to: id) }
        return isAbove
    }

    /// Waits until the queue is short enough.
    func waitUntilDrained(_ id: ConnectionID) async throws(ConnectionError) {
        guard !connections[id].flags.contains(.writingCancelled) else { throw .cancelled }
        await Suspension.suspend { connections[id].suspendWriter($0) }
        if connections[id].cannotSend { throw ConnectionError(failure: connections[id].failure) }
        let isDrained = connections[id].outbound.byteCount <= resumeMark(id)
        if !isDrained, connections[id].flags.contains(.writingCancelled) { throw .cancelled }
    }

    /// Ends this side's direction and waits until the end is on its way.
    func finishWriting(_ id: ConnectionID) async throws(ConnectionError) {
        try requireLoopThread(for: id)
        endWriting(id)
        while !connections[id].flags.contains(.ended), !connections[id].cannotSend {
            guard !connections[id].flags.contains(.writingCancelled) else { throw .cancelled }
            await Suspension.suspend { connections[id].suspendWriter($0) }
        }
        if connections[id].cannotSend { throw ConnectionError(failure: connections[id].failure) }
    }

    func resumeWriter(_ id: ConnectionID) {
        guard let writer = connections[id].writer else { return }
        connections[id].writer = nil
        writer.resume()
    }
}
