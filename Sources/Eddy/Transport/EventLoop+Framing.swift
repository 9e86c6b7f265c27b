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
    func read(exactly byteCount: Int, from slot: UInt32) async throws(ConnectionError) -> sending Buffer? {
        try requireLoopThread(for: slot)
        require((0...Self.longestMessage).contains(byteCount), "a read takes from 0 bytes to 1 GiB")
        guard try await receive(atLeast: byteCount, from: slot) else { return nil }
        return try take(byteCount, from: slot)
    }

    /// The bytes before the next delimiter, which is taken out of the stream as well; nil if the stream ended before
    /// the first byte.
    func read(
        until delimiter: Delimiter,
        limit: Int,
        from slot: UInt32
    ) async throws(ConnectionError) -> sending Buffer? {
        try requireLoopThread(for: slot)
        requireValid(limit)
        guard let byteCount = try await receive(until: delimiter, limit: limit, allowance: 0, from: slot) else {
            return nil
        }
        let message = try take(byteCount, from: slot)
        slices.removeFirst(delimiter.count, of: &connections[slot].inbound)
        return message
    }

    /// The next line, without its end.
    func readLine(limit: Int, from slot: UInt32) async throws(ConnectionError) -> sending Buffer? {
        try requireLoopThread(for: slot)
        requireValid(limit)
        let lineFeed = Delimiter(UInt8(ascii: "\n"))
        // A carriage return before the line feed does not count.
        guard let end = try await receive(until: lineFeed, limit: limit, allowance: 1, from: slot) else { return nil }
        let hasReturn = end > 0 && slices.byte(at: end - 1, of: connections[slot].inbound) == UInt8(ascii: "\r")
        let byteCount = hasReturn ? end - 1 : end
        guard byteCount <= limit else { throw .delimiterNotFound(limit: limit) }
        let message = try take(byteCount, from: slot)
        slices.removeFirst(end - byteCount + 1, of: &connections[slot].inbound)
        return message
    }

    /// The next message behind its length; nil if the stream ended before the first byte of the length.
    func readFrame(
        prefix: LengthPrefix,
        endianness: Endianness,
        limit: Int,
        from slot: UInt32
    ) async throws(ConnectionError) -> sending Buffer? {
        try requireLoopThread(for: slot)
        requireValid(limit)
        guard try await receive(atLeast: prefix.byteCount, from: slot) else { return nil }
        let length = slices.leadingInteger(prefix.byteCount, of: connections[slot].inbound, endianness: endianness)
        guard length <= UInt64(limit) else { throw .frameTooLong(length: length, limit: limit) }
        _ = try await receive(atLeast: prefix.byteCount + Int(length), from: slot)
        return try take(Int(length), behind: prefix.byteCount, from: slot)
    }

    private static let longestMessage = 1 << 30

    private func requireValid(_ limit: Int) {
        require((0...Self.longestMessage).contains(limit), "a limit lies between 0 bytes and 1 GiB")
    }

    // MARK: Waiting

    /// Waits until as many bytes are there; false if the stream ended before the first.
    private func receive(atLeast byteCount: Int, from slot: UInt32) async throws(ConnectionError) -> Bool {
        guard byteCount <= pool.copyShare || connections[slot].inbound.byteCount >= byteCount else {
            throw .outOfMemory(needed: byteCount, limit: pool.copyShare)
        }
        await takeTurn(slot)
        defer { connections[slot].expectedBytes = 0 }
        while connections[slot].inbound.byteCount < byteCount {
            guard try await receiveMore(expected: byteCount, from: slot) else {
                let received = Int(connections[slot].inbound.byteCount)
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
        from slot: UInt32
    ) async throws(ConnectionError) -> Int? {
        let longest = limit + allowance
        var searched = 0
        await takeTurn(slot)
        defer { connections[slot].expectedBytes = 0 }
        while true {
            let end = slices.firstIndex(of: delimiter, in: connections[slot].inbound, from: searched)
            if let end, end <= longest { return end }
            let received = Int(connections[slot].inbound.byteCount)
            // Its first bytes may be there already.
            searched = max(searched, received - (delimiter.count - 1))
            guard searched <= longest else { throw .delimiterNotFound(limit: limit) }
            guard try await receiveMore(expected: longest + delimiter.count, from: slot) else {
                guard received > 0 else { return nil }
                throw .unexpectedEnd(received: received)
            }
        }
    }

    /// Waits until more has come than is there; false if nothing more will come.
    private func receiveMore(expected: Int, from slot: UInt32) async throws(ConnectionError) -> Bool {
        noteWaitingMessage(slot)
        guard !hasStoppedReceiving(slot) else {
            try requireReadable(slot)
            return false
        }
        // What is there must be joined some day.
        guard Int(connections[slot].inbound.byteCount) < pool.copyShare else {
            throw .outOfMemory(needed: expected, limit: pool.copyShare)
        }
        slices.gatherFragments(of: &connections[slot].inbound, expected: expected, allocate: pool.allocateCopy)
        connections[slot].expectedBytes = UInt32(expected)
        armReceive(slot)
        let before = connections[slot].inbound.byteCount
        if connections[slot].deadlines != SlotIndex.none { startedWaitingToRead(slot) }
        let hasCome = runUntil(slot, holding: #isolation) {
            if connections[slot].inbound.byteCount > before || hasStoppedReceiving(slot) { return true }
            // A receive that was being cancelled, since the window was full, may have ended.
            armReceive(slot)
            return false
        }
        if !hasCome {
            await Suspension.suspend { connections[slot].suspendReader($0) }
        }
        return true
    }

    /// Whether nothing more comes for the reader.
    private func hasStoppedReceiving(_ slot: UInt32) -> Bool {
        connections[slot].hasFailed || connections[slot].inbound.isEmpty && connections[slot].isDrained
            || !connections[slot].flags.isDisjoint(with: Self.readEnds)
    }

    /// Takes bytes that are there, and lets the peer send others.
    private func take(
        _ byteCount: Int,
        behind prefix: Int = 0,
        from slot: UInt32
    ) throws(ConnectionError) -> sending Buffer {
        // Taken out before the message, and put back should there be no memory to join it in.
        let head = slices.take(prefix, of: &connections[slot].inbound, allocate: pool.allocateCopy)
        guard let head,
            let slice = slices.take(byteCount, of: &connections[slot].inbound, allocate: pool.allocateCopy)
        else {
            if let head, head.count > 0 { slices.prepend(head, to: &connections[slot].inbound) }
            throw .outOfMemory(needed: byteCount, limit: pool.copyShare)
        }
        guard pool.handOut(slice) else {
            turn.value.read(byteCount: 0)
            if slice.count > 0 { slices.prepend(slice, to: &connections[slot].inbound) } else { slice.drop() }
            if head.count > 0 { slices.prepend(head, to: &connections[slot].inbound) }
            throw .tooMuchKept(limit: pool.configuration.maximumKeptBytes)
        }
        head.drop()
        tookBytes(UInt32(byteCount), from: slot)
        return Buffer(adopting: slice)
    }
}
