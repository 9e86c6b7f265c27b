internal import EddyBuffers

// Reads of messages: so many bytes, up to a delimiter, or behind a length. Each waits until the whole message lies in
// the connection's queue, and only then takes it out:
//
//     queue  ┌─────────────────────┐
//            │ searched  │ new     │ ◀── received       whole? take it, in one slice
//            └─────────────────────┘                    else: search goes on at `new`
//
// So a read that fails or is cancelled in the middle has taken nothing. The receive window does not bound it: a reader
// that waits for more than the window is given more, as far as there is memory (``EventLoop/receiveRoom(_:)``).

extension EventLoop {
    /// The next `byteCount` bytes; nil if the stream ended before the first of them.
    func read(exactly byteCount: Int, from id: ConnectionID) async throws(ConnectionError) -> sending Buffer? {
        try requireLoopThread(for: id)
        require((0...Self.longestMessage).contains(byteCount), "a read takes from 0 bytes to 1 GiB")
        guard try await receive(atLeast: byteCount, from: id) else { return nil }
        return try take(byteCount, from: id)
    }

    /// The bytes before the next delimiter, which is taken out of the stream as well; nil if the stream ended before
    /// the first byte.
    func read(
        until delimiter: Delimiter,
        limit: Int,
        from id: ConnectionID
    ) async throws(ConnectionError) -> sending Buffer? {
        try requireLoopThread(for: id)
        requireValid(limit)
        guard let byteCount = try await receive(until: delimiter, limit: limit, allowance: 0, from: id) else {
            return nil
        }
        let message = try take(byteCount, from: id)
        slices.removeFirst(delimiter.count, of: &connections[id].inbound)
        return message
    }

    /// The next line, without its end.
    func readLine(limit: Int, from id: ConnectionID) async throws(ConnectionError) -> sending Buffer? {
        try requireLoopThread(for: id)
        requireValid(limit)
        let lineFeed = Delimiter(UInt8(ascii: "\n"))
        // A carriage return before the line feed does not count.
        guard let end = try await receive(until: lineFeed, limit: limit, allowance: 1, from: id) else { return nil }
        let hasReturn = end > 0 && slices.byte(at: end - 1, of: connections[id].inbound) == UInt8(ascii: "\r")
        let byteCount = hasReturn ? end - 1 : end
        guard byteCount <= limit else { throw .delimiterNotFound(limit: limit) }
        let message = try take(byteCount, from: id)
        slices.removeFirst(end - byteCount + 1, of: &connections[id].inbound)
        return message
    }

    /// The next message behind its length; nil if the stream ended before the first byte of the length.
    func readFrame(
        prefix: LengthPrefix,
        endianness: Endianness,
        limit: Int,
        from id: ConnectionID
    ) async throws(ConnectionError) -> sending Buffer? {
        try requireLoopThread(for: id)
        requireValid(limit)
        guard try await receive(atLeast: prefix.byteCount, from: id) else { return nil }
        let length = slices.leadingInteger(prefix.byteCount, of: connections[id].inbound, endianness: endianness)
        guard length <= UInt64(limit) else { throw .frameTooLong(length: length, limit: limit) }
        _ = try await receive(atLeast: prefix.byteCount + Int(length), from: id)
        return try take(Int(length), behind: prefix.byteCount, from: id)
    }

    private static let longestMessage = 1 << 30

    private func requireValid(_ limit: Int) {
        require((0...Self.longestMessage).contains(limit), "a limit lies between 0 bytes and 1 GiB")
    }

    // MARK: Waiting

    /// Waits until as many bytes are there; false if the stream ended before the first.
    private func receive(atLeast byteCount: Int, from id: ConnectionID) async throws(ConnectionError) -> Bool {
        guard byteCount <= pool.copyShare || connections[id].inbound.byteCount >= byteCount else {
            throw .outOfMemory(needed: byteCount, limit: pool.copyShare)
        }
        await takeTurn(id)
        defer { connections[id].expectedBytes = 0 }
        while connections[id].inbound.byteCount < byteCount {
            guard try await receiveMore(expected: byteCount, from: id) else {
                let received = Int(connections[id].inbound.byteCount)
                guard received > 0 else { return false }
                throw .unexpectedEnd(received: received)
            }
        }
        return true
    }

    /// Waits until a delimiter is there; returns the number of bytes before it, `limit + allowance` at most, or nil if
    /// the stream ended before the first byte.
    private func receive(
        until delimiter: Delimiter,
        limit: Int,
        allowance: Int,
        from id: ConnectionID
    ) async throws(ConnectionError) -> Int? {
        let longest = limit + allowance
        var searched = 0
        await takeTurn(id)
        defer { connections[id].expectedBytes = 0 }
        while true {
            let end = slices.firstIndex(of: delimiter, in: connections[id].inbound, from: searched)
            if let end, end <= longest { return end }
            let received = Int(connections[id].inbound.byteCount)
            // Its first bytes may be there already.
            searched = max(searched, received - (delimiter.count - 1))
            guard searched <= longest else { throw .delimiterNotFound(limit: limit) }
            guard try await receiveMore(expected: longest + delimiter.count, from: id) else {
                guard received > 0 else { return nil }
                throw .unexpectedEnd(received: received)
            }
        }
    }

    /// Waits until more has come than is there; false if nothing more will come.
    private func receiveMore(expected: Int, from id: ConnectionID) async throws(ConnectionError) -> Bool {
        noteWaitingMessage(id)
        guard !hasStoppedReceiving(id) else {
            try requireReadable(id)
            return false
        }
        // What is there must be joined some day.
        guard Int(connections[id].inbound.byteCount) < pool.copyShare else {
            throw .outOfMemory(needed: expected, limit: pool.copyShare)
        }
        slices.gatherFragments(of: &connections[id].inbound, expected: expected, allocate: pool.allocateCopy)
        connections[id].expectedBytes = UInt32(expected)
        armReceive(id)
        let before = connections[id].inbound.byteCount
        if connections[id].deadlines != nil { startedWaitingToRead(id) }
        let hasCome = runUntil(id, holding: #isolation) {
            if connections[id].inbound.byteCount > before || hasStoppedReceiving(id) { return true }
            // A receive that was being cancelled, since the window was full, may have ended.
            armReceive(id)
            return false
        }
        if !hasCome {
            await Suspension.suspend { connections[id].suspendReader($0) }
        }
        return true
    }

    /// Whether nothing more comes for the reader.
    private func hasStoppedReceiving(_ id: ConnectionID) -> Bool {
        connections[id].hasFailed || connections[id].inbound.isEmpty && connections[id].isDrained
            || !connections[id].flags.isDisjoint(with: Self.readEnds)
    }

    /// Takes bytes that are there, and lets the peer send others.
    private func take(
        _ byteCount: Int,
        behind prefix: Int = 0,
        from id: ConnectionID
    ) throws(ConnectionError) -> sending Buffer {
        // Taken out before the message, and put back should there be no memory to join it in.
        let head = slices.take(prefix, of: &connections[id].inbound, allocate: pool.allocateCopy)
        guard let head,
            let slice = slices.take(byteCount, of: &connections[id].inbound, allocate: pool.allocateCopy)
        else {
            if let head, head.count > 0 { slices.prepend(head, to: &connections[id].inbound) }
            throw .outOfMemory(needed: byteCount, limit: pool.copyShare)
        }
        guard pool.handOut(slice) else {
            turn.value.read(byteCount: 0)
            if slice.count > 0 { slices.prepend(slice, to: &connections[id].inbound) } else { slice.drop() }
            if head.count > 0 { slices.prepend(head, to: &connections[id].inbound) }
            throw .tooMuchKept(limit: pool.configuration.maximumKeptBytes)
        }
        head.drop()
        tookBytes(UInt32(byteCount), from: id)
        return Buffer(adopting: slice)
    }
}
