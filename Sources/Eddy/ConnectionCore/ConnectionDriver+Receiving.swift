internal import EddyBuffers
internal import EddyRing
internal import EddySystem

// A connection has at most one receive in flight. It is armed when there is room for the bytes that it may bring:
//
//     received, unread               0 ────────────▶ receive window, or the threshold of the loop's memory
//     (or, relayed: the other side's queue)
//                                    armed           not armed; the peer fills the socket's buffer and stops
//
// If the kernel supports receive limits, the multishot receive gets the room as a credit and ends by itself, up to a
// chunk later. If there is little room, single receives ask for exactly that much. Without receive limits, or when the
// threshold has fallen since, the multishot receive is cancelled. On a kernel without limits the connection uses single
// receives from then on: repeated cancelling and arming costs more than it saves.
//
// If the kernel fills large chunks incrementally, they serve small and large messages alike. Otherwise there are two
// sizes: a connection that fills a small chunk and has more waiting changes to large chunks, and changes back when it
// leaves them nearly empty.
//
//        small chunk full, more waiting
//     ──────────────────────────────────▶
//     small, multishot             large, one by one
//     ◀──────────────────────────────────
//        less than a quarter of a small chunk

extension ConnectionDriver {
    /// Submits a receive if the connection may have one and there is room for the bytes that it brings.
    func armReceive(_ id: ConnectionID) {
        guard connections[id].mayReceive else { return }
        let room = windowRoom(id)
        if room > 0 {
            if mustAwaitReceiveTurn(id) { awaitReceiveTurn(id) } else { submitReceive(id, room: room) }
        } else if connections[id].receiving.expectedBytes > 0 {
            receiveMessage(id)
        }
    }

    /// Receives for a reader that waits for a message larger than its window. Single receives bring no more than that
    /// message.
    private func receiveMessage(_ id: ConnectionID) {
        let room = messageRoom(id)
        if room > 0 { submitReceive(id, room: room, isSingle: true) } else { awaitMemoryForMessage(id) }
    }

    /// Submits a receive of up to `room` bytes. A multishot one may bring up to a chunk more.
    func submitReceive(_ id: ConnectionID, room: Int, isSingle: Bool = false) {
        let hints = connections[id].receiving.hints
        let descriptor = connections[id].descriptor
        let entry: SubmissionEntry
        var size = ReceiveSide.ChunkSize.small
        if let bulkRing, hints.contains(.largeChunks), bulkRing.hasChunks {
            entry = .receiveOnce(
                descriptor: descriptor,
                group: bulkRing.group,
                limit: Self.limit(room, below: bulkRing.chunkSize),
                token: OperationToken(.receive, id)
            )
            size = .large
        } else if hints.contains(.singleShot) || connections[id].lifecycle.isReceivingLast
            || !features.multishotReceives || room < smallestCredit || isSingle || memory.value.isTight
        {
            entry = .receiveOnce(
                descriptor: descriptor,
                group: receiveRing.group,
                limit: Self.limit(room, below: receiveRing.chunkSize),
                token: OperationToken(.receive, id)
            )
        } else {
            entry = .receiveMultishot(
                descriptor: descriptor,
                group: receiveRing.group,
                limit: features.receiveLimits ? UInt32(truncatingIfNeeded: room) : 0,
                expectsDelay: hints.contains(.pollFirst),
                token: OperationToken(.receive, id)
            )
        }
        submit(entry)
        if memory.value.isTight { promise(room, to: id) }
        connections[id].receiving.arm(size)
        connections[id].operations += 1
    }

    /// Room below which a single receive is used, which never exceeds its limit.
    private var smallestCredit: Int { min(configuration.receiveWindow, 64 << 10) }

    /// The limit of a single receive into a chunk; 0 if the chunk itself is the limit.
    private static func limit(_ room: Int, below chunkSize: Int) -> UInt32 {
        room < chunkSize ? UInt32(truncatingIfNeeded: room) : 0
    }

    /// Uses one operation per receive. On kernels without a fix of 2026, a multishot receive on a Unix domain socket
    /// may wait forever for an EOF that immediately follows the last bytes (axboe/liburing#1549).
    func receiveSingly(_ id: ConnectionID) { connections[id].receiving.hints.insert(.singleShot) }

    /// Cancels the receive in flight; its last completion comes in any case.
    func cancelReceive(_ id: ConnectionID) {
        guard connections[id].receiving.cancel() else { return }
        submit(.cancel(OperationToken(.receive, id), token: OperationToken(.cancel, id)))
    }

    // MARK: Completions

    /// Handles the completion of a receive: bytes, EOF, a failure, or the end of the receive itself.
    func received(_ completion: CompletionEntry, id: ConnectionID) {
        if let slice = receivedSlice(completion, id: id) {
            counters.bytesReceived += UInt64(slice.count)
            noteActivity(id)
            accept(slice, from: id)
        }
        if completion.isLast {
            let size = connections[id].receiving.complete()
            if completion.error == .noBufferSpace { ranOutOfBuffers(id, size) }
            endPromise(id)
            if completion.flags.contains(.socketNotEmpty) { connections[id].receiving.hints.remove(.pollFirst) }
            assert(!connections[id].isIdle, "a completion belongs to an operation")
            connections[id].operations -= 1
            receiveEnded(completion, id: id)
            if connections[id].mayBreakUnnoticed {
                watchUnread()
                // A relay waits for room.
                if connections[id].receiving.callback != nil { resumeReader(id) }
            }
        } else if memory.value.isTight || !features.receiveLimits {
            pauseWithoutRoom(id)
        }
    }

    /// The slice that a receive filled.
    private func receivedSlice(_ completion: CompletionEntry, id: ConnectionID) -> Slice? {
        guard let bulkRing else { return receiveRing.slice(for: completion) }
        switch connections[id].receiving.operation {
        case .armed(.large), .cancelling(.large):
            let slice = bulkRing.slice(for: completion)
            if let slice, Int(slice.count) < receiveRing.chunkSize / 4 {
                connections[id].receiving.hints.remove(.largeChunks)
            }
            return slice
        case .armed(.small), .cancelling(.small), .none:
            let slice = receiveRing.slice(for: completion)
            if let slice, Int(slice.count) == receiveRing.chunkSize, completion.flags.contains(.socketNotEmpty) {
                connections[id].receiving.hints.insert(.largeChunks)
                // The multishot receive would keep filling small chunks.
                if !completion.isLast { cancelReceive(id) }
            }
            return slice
        }
    }

    /// Passes received bytes on according to the connection's phase.
    private func accept(_ slice: Slice, from id: ConnectionID) {
        guard connections[id].lifecycle.phase == .open, connections[id].receiving.input != .discarding else {
            return acceptUnread(slice, from: id)
        }
        if connections[id].transform != .none { return transformReceived(slice, from: id) }
        deliver(slice, from: id)
    }

    /// Delivers bytes to the user: a task, or an object.
    @inline(__always)
    func deliver(_ slice: Slice, from id: ConnectionID) {
        connections[id].drain.isUnanswered = true
        slices.append(slice, to: &connections[id].receiving.queue, mayMerge: true)
        resumeReader(id)
    }

    /// Handles bytes that no reader waits for. They are kept for a program that gets the descriptor, or that still
    /// reads the bytes received before a failure.
    @inline(never)
    private func acceptUnread(_ slice: Slice, from id: ConnectionID) {
        let phase = connections[id].lifecycle.phase
        let isRead = phase == .broken && connections[id].receiving.input != .discarding
        if isRead || phase == .detaching {
            slices.append(slice, to: &connections[id].receiving.queue, mayMerge: true)
        } else {
            slice.dropOnOwnerThread()
        }
    }

    /// Handles the end of the receive: determines the reason, and continues accordingly.
    private func receiveEnded(_ completion: CompletionEntry, id: ConnectionID) {
        switch completion.error {
        case nil where completion.result == 0:
            if connections[id].transform != .none {
                transformReceivedEnd(of: id)
            } else {
                perform(connections[id].receivedEnd(), on: id)
            }
        case nil, .cancelled, .interrupted, .again:
            // Its credit is used up, it was cancelled, or the kernel could not continue: arm it again when there is
            // room.
            armReceiveIfOpen(id)
        case .noBufferSpace:
            awaitBuffers(id)
        case let error?:
            fail(id, error.code)
        }
        if connections[id].lifecycle.phase != .open { continueEnding(id) }
    }

    /// Arms the receive again, unless the connection is closing or broken.
    private func armReceiveIfOpen(_ id: ConnectionID) {
        if connections[id].lifecycle.phase == .open { armReceive(id) }
    }

    /// Grows the ring of the receive that ended. A connection that found no large chunk uses small ones.
    private func ranOutOfBuffers(_ id: ConnectionID, _ size: ReceiveSide.ChunkSize) {
        switch size {
        case .large:
            connections[id].receiving.hints.remove(.largeChunks)
            bulkRing?.noteBufferShortage()
        case .small: receiveRing.noteBufferShortage()
        }
    }

    /// Cancels the receive of a connection that reads more slowly than its peer sends, if the receive has no limit, or
    /// has one from before memory became scarce.
    private func pauseWithoutRoom(_ id: ConnectionID) {
        guard receiveRoom(id) <= 0 else { return }
        if !features.receiveLimits { connections[id].receiving.hints.insert(.singleShot) }
        cancelReceive(id)
    }

    // MARK: Waiting for buffers

    /// Resumes receiving on a parked connection, because there are chunks again.
    func receiveAgain(_ id: ConnectionID) {
        switch connections[id].lifecycle.phase {
        case .open, .closing, .released: armReceive(id)
        case .broken, .detaching, .connecting, .vacant: break
        }
    }

    /// Parks the connection until there are chunks. First come, first served.
    func awaitBuffers(_ id: ConnectionID) {
        guard !connections[id].receiving.isParked else { return }
        connections[id].receiving.park(.forBuffers)
        bufferQueue.append(id)
    }

    // MARK: The reading task

    /// Suspends a reader until there is something to read; if there already is, until other tasks have had their turns.
    @inline(__always)
    func suspendReader(_ id: ConnectionID, _ reader: Waiter) {
        connections[id].suspendReader(reader)
        if turn.value.isOver, connections[id].isReadable { awaitTurn(id) }
    }

    /// Takes the first received slice; nil at EOF. Bytes received before a failure are delivered before the failure.
    func read(_ id: ConnectionID) throws(ConnectionError) -> sending Buffer? {
        if let slice = slices.popFirst(of: &connections[id].receiving.queue) {
            guard pool.transferToHandler(slice) else {
                // A handler that retries repeatedly uses up its turn.
                turn.value.read(byteCount: 0)
                slices.prepend(slice, to: &connections[id].receiving.queue)
                throw .tooMuchKept(limit: pool.configuration.maximumKeptBytes)
            }
            tookBytes(slice.count, from: id)
            return Buffer(adopting: slice)
        }
        try requireReadable(id)
        return nil
    }

    /// No data and no waiter: returns at EOF, throws otherwise.
    func requireReadable(_ id: ConnectionID) throws(ConnectionError) {
        try connections[id].lifecycle.requireUnfailed()
        let timedOut = connections[id].receiving.clearTimeout()
        guard !connections[id].drain.isComplete, !connections[id].receiving.isOver else { return }
        if connections[id].receiving.interruption == .cancelled { throw .cancelled }
        if timedOut { throw .readTimedOut }
    }

    /// Accounts for bytes that the handler has taken.
    @inline(__always)
    func tookBytes(_ byteCount: UInt32, from id: ConnectionID) {
        turn.value.read(byteCount: byteCount)
        heartbeat?.uses(connections[id].descriptor, listener: connections[id].listener)
        connections[id].movedBytes &+= byteCount
        continueReceiving(id)
    }

    /// Makes room for more after a read. Bytes that arrived just in time take precedence over a timeout.
    @inline(__always)
    private func continueReceiving(_ id: ConnectionID) {
        guard !connections[id].receiving.isArmed || connections[id].receiving.interruption == .timedOut else { return }
        connections[id].receiving.clearTimeout()
        armReceive(id)
    }
}
