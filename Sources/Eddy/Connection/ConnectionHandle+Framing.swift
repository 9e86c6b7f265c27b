internal import EddyBuffers

// Reads of messages: of a given length, up to a delimiter, or after a length prefix. Each read waits until the whole
// message is in the connection's queue, and only then takes it out:
//
//     queue  ┌─────────────────────┐
//            │ searched  │ new     │ ◀── received       complete? take it, in one slice
//            └─────────────────────┘                    else: the search continues at `new`
//
// So a read that fails or is cancelled partway has taken nothing. The receive window does not bound the read: a reader
// that waits for more than the window may receive more, as far as there is memory
// (``ConnectionDriver/receiveRoom(_:)``).

extension ConnectionHandle {
    /// The next `byteCount` bytes; nil if the stream ended before the first of them.
    func read(exactly byteCount: Int) async throws(ConnectionError) -> sending Buffer? {
        try requireLoopThread()
        require((0...Self.longestMessage).contains(byteCount), "a read takes from 0 bytes to 1 GiB")
        guard try await receive(atLeast: byteCount) else { return nil }
        return try take(byteCount)
    }

    /// The bytes before the next delimiter, which is removed from the stream as well; nil if the stream ended before
    /// the first byte.
    func read(
        until delimiter: Delimiter,
        limit: Int
    ) async throws(ConnectionError) -> sending Buffer? {
        try requireLoopThread()
        requireValid(limit)
        guard let byteCount = try await receive(until: delimiter, limit: limit, allowance: 0) else {
            return nil
        }
        let message = try take(byteCount)
        driver.slices.removeFirst(delimiter.count, of: &driver.connections[id].receiving.queue)
        return message
    }

    /// The next line, without its line ending.
    func readLine(limit: Int) async throws(ConnectionError) -> sending Buffer? {
        try requireLoopThread()
        requireValid(limit)
        let lineFeed = Delimiter(UInt8(ascii: "\n"))
        // A carriage return before the line feed does not count towards the limit.
        guard let end = try await receive(until: lineFeed, limit: limit, allowance: 1) else { return nil }
        let hasReturn =
            end > 0 && driver.slices.byte(at: end - 1, of: driver.connections[id].receiving.queue) == UInt8(ascii: "\r")
        let byteCount = hasReturn ? end - 1 : end
        guard byteCount <= limit else { throw .delimiterNotFound(limit: limit) }
        let message = try take(byteCount)
        driver.slices.removeFirst(end - byteCount + 1, of: &driver.connections[id].receiving.queue)
        return message
    }

    /// The next message after its length; nil if the stream ended before the first byte of the length.
    func readFrame(
        prefix: LengthPrefix,
        endianness: Endianness,
        limit: Int
    ) async throws(ConnectionError) -> sending Buffer? {
        try requireLoopThread()
        requireValid(limit)
        guard try await receive(atLeast: prefix.byteCount) else { return nil }
        let length = driver.slices.leadingInteger(
            prefix.byteCount,
            of: driver.connections[id].receiving.queue,
            endianness: endianness
        )
        guard length <= UInt64(limit) else { throw .frameTooLong(length: length, limit: limit) }
        _ = try await receive(atLeast: prefix.byteCount + Int(length))
        return try take(Int(length), behind: prefix.byteCount)
    }

    private static let longestMessage = 1 << 30

    private func requireValid(_ limit: Int) {
        require((0...Self.longestMessage).contains(limit), "a limit lies between 0 bytes and 1 GiB")
    }

    // MARK: Waiting

    /// Waits until that many bytes are in the queue; false if the stream ended before the first.
    private func receive(atLeast byteCount: Int) async throws(ConnectionError) -> Bool {
        guard byteCount <= driver.pool.copyShare || driver.connections[id].receiving.queue.byteCount >= byteCount else {
            throw .outOfMemory(needed: byteCount, limit: driver.pool.copyShare)
        }
        await takeTurn()
        defer { driver.connections[id].receiving.expectedBytes = 0 }
        while driver.connections[id].receiving.queue.byteCount < byteCount {
            guard try await receiveMore(expected: byteCount) else {
                let received = Int(driver.connections[id].receiving.queue.byteCount)
                guard received > 0 else { return false }
                throw .unexpectedEnd(received: received)
            }
        }
        return true
    }

    /// Waits until a delimiter is in the queue; returns the number of bytes before it, at most `limit + allowance`, or
    /// nil if the stream ended before the first byte.
    private func receive(
        until delimiter: Delimiter,
        limit: Int,
        allowance: Int
    ) async throws(ConnectionError) -> Int? {
        let longest = limit + allowance
        var searched = 0
        await takeTurn()
        defer { driver.connections[id].receiving.expectedBytes = 0 }
        while true {
            let end = driver.slices.firstIndex(
                of: delimiter,
                in: driver.connections[id].receiving.queue,
                from: searched
            )
            if let end, end <= longest { return end }
            let received = Int(driver.connections[id].receiving.queue.byteCount)
            // The first bytes of the delimiter may already be in the queue.
            searched = max(searched, received - (delimiter.count - 1))
            guard searched <= longest else { throw .delimiterNotFound(limit: limit) }
            guard try await receiveMore(expected: longest + delimiter.count) else {
                guard received > 0 else { return nil }
                throw .unexpectedEnd(received: received)
            }
        }
    }

    /// Waits until more bytes have arrived; false if no more will come.
    private func receiveMore(expected: Int) async throws(ConnectionError) -> Bool {
        driver.noteWaitingMessage(id)
        guard !driver.connections[id].hasStoppedReceiving else {
            try driver.requireReadable(id)
            return false
        }
        // The queued bytes must eventually be joined.
        guard Int(driver.connections[id].receiving.queue.byteCount) < driver.pool.copyShare else {
            throw .outOfMemory(needed: expected, limit: driver.pool.copyShare)
        }
        driver.slices.gatherFragments(
            of: &driver.connections[id].receiving.queue,
            expected: expected,
            allocate: driver.pool.allocateCopy
        )
        driver.connections[id].receiving.expectedBytes = UInt32(expected)
        driver.armReceive(id)
        let before = driver.connections[id].receiving.queue.byteCount
        if driver.connections[id].deadlines != nil { driver.startedWaitingToRead(id) }
        let hasCome = loop.poll(for: id, holding: #isolation) {
            if driver.connections[id].receiving.queue.byteCount > before
                || driver.connections[id].hasStoppedReceiving
            {
                return true
            }
            // The receive may have completed that was being cancelled because the window was full.
            driver.armReceive(id)
            return false
        }
        if !hasCome {
            await Waiter.suspend { driver.connections[id].suspendReader($0) }
        }
        return true
    }

    /// Takes bytes out of the queue, and makes room for the peer to send more.
    private func take(
        _ byteCount: Int,
        behind prefix: Int = 0
    ) throws(ConnectionError) -> sending Buffer {
        // Taken out before the message, and put back if there is no memory to join the message in.
        let head = driver.slices.take(
            prefix,
            of: &driver.connections[id].receiving.queue,
            allocate: driver.pool.allocateCopy
        )
        guard let head,
            let slice = driver.slices.take(
                byteCount,
                of: &driver.connections[id].receiving.queue,
                allocate: driver.pool.allocateCopy
            )
        else {
            if let head, head.count > 0 { driver.slices.prepend(head, to: &driver.connections[id].receiving.queue) }
            throw .outOfMemory(needed: byteCount, limit: driver.pool.copyShare)
        }
        guard driver.pool.transferToHandler(slice) else {
            driver.turn.value.read(byteCount: 0)
            if slice.count > 0 {
                driver.slices.prepend(slice, to: &driver.connections[id].receiving.queue)
            } else {
                slice.drop()
            }
            if head.count > 0 { driver.slices.prepend(head, to: &driver.connections[id].receiving.queue) }
            throw .tooMuchKept(limit: driver.pool.configuration.maximumKeptBytes)
        }
        head.drop()
        driver.tookBytes(UInt32(byteCount), from: id)
        return Buffer(adopting: slice)
    }
}
