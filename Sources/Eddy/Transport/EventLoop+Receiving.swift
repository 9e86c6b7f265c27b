internal import EddyBuffers
internal import EddyRing
internal import EddySystem

// A connection has at most one receive in flight. It is armed when there is room for what may come:
//
//     received and not read          0 ────────────▶ receive window, or the threshold of the loop's memory
//     (or, relayed: the other side's queue)
//                                    armed           not armed; the peer fills the socket's buffer and stops
//
// With a kernel that knows receive limits the multishot receive is given the room as a credit and ends by itself, up to
// a chunk later. Where there is little room, single receives ask for exactly as much. Without receive limits, or when
// the threshold has fallen since, the multishot receive is cancelled. A connection of a kernel without limits receives
// one by one from then on: to cancel and arm again and again costs more than it saves.
//
// A kernel that fills large chunks incrementally serves small and large messages alike. For others there are two sizes: a
// connection that fills a small chunk and has more waiting goes over to large ones, and back when it leaves them nearly
// empty.
//
//        small chunk full, more waiting
//     ──────────────────────────────────▶
//     small, multishot             large, one by one
//     ◀──────────────────────────────────
//        less than a quarter of a small chunk

extension EventLoop {
    /// Submits a receive if the connection may have one, and there is room for what it brings.
    func armReceive(_ slot: UInt32) {
        guard canReceive(slot) else { return }
        let room = windowRoom(slot)
        if room > 0 {
            if mustAwaitReceiveTurn(slot) { awaitReceiveTurn(slot) } else { submitReceive(slot, room: room) }
        } else if connections[slot].expectedBytes > 0 {
            receiveMessage(slot)
        }
    }

    /// The reader waits for a message that its window does not hold. Single receives bring no more than that message.
    private func receiveMessage(_ slot: UInt32) {
        let room = messageRoom(slot)
        if room > 0 { submitReceive(slot, room: room, isSingle: true) } else { awaitMemoryForMessage(slot) }
    }

    func canReceive(_ slot: UInt32) -> Bool {
        let never: ConnectionState.Flags = [
            .receiving, .peerEnded, .starved, .readingCancelled, .awaitsReceiveTurn,
        ]
        return connections[slot].flags.isDisjoint(with: never) && !connections[slot].hasFailed
    }

    /// Submits a receive of up to `room` bytes. A multishot one may bring up to a chunk more.
    func submitReceive(_ slot: UInt32, room: Int, isSingle: Bool = false) {
        let flags = connections[slot].flags
        let entry: SubmissionEntry
        if let bulkRing, flags.contains(.bulk), bulkRing.hasChunks {
            entry = .receiveOnce(
                descriptor: connections[slot].descriptor,
                group: bulkRing.group,
                limit: Self.limit(room, below: bulkRing.chunkSize),
                token: token(.receive, slot)
            )
            connections[slot].flags.insert(.receivingBulk)
        } else if !flags.isDisjoint(with: [.receivesOneByOne, .receivesOn]) || !features.multishotReceives
            || room < smallestCredit || isSingle || memory.value.isTight
        {
            entry = .receiveOnce(
                descriptor: connections[slot].descriptor,
                group: receiveRing.group,
                limit: Self.limit(room, below: receiveRing.chunkSize),
                token: token(.receive, slot)
            )
        } else {
            entry = .receiveMultishot(
                descriptor: connections[slot].descriptor,
                group: receiveRing.group,
                limit: features.receiveLimits ? UInt32(truncatingIfNeeded: room) : 0,
                expectsDelay: flags.contains(.warm),
                token: token(.receive, slot)
            )
        }
        submit(entry)
        if memory.value.isTight { promise(room, to: slot) }
        connections[slot].flags.formUnion([.receiving, .warm])
        connections[slot].operations += 1
    }

    /// Room below which a receive is a single one, which brings no byte more.
    private var smallestCredit: Int { min(configuration.receiveWindow, 64 << 10) }

    /// The limit of a single receive into a chunk; 0 where the chunk is one.
    private static func limit(_ room: Int, below chunkSize: Int) -> UInt32 {
        room < chunkSize ? UInt32(truncatingIfNeeded: room) : 0
    }

    /// A receive completed: bytes, the end of the stream, a failure, or its own end.
    func received(_ completion: CompletionEntry, slot: UInt32) {
        if let slice = receivedSlice(completion, slot: slot) {
            counters.bytesReceived += UInt64(slice.count)
            noteActivity(slot)
            accept(slice, from: slot)
        }
        if completion.isLast {
            if completion.error == .noBufferSpace { noteStarvation(slot) }
            connections[slot].flags.subtract([.receiving, .cancellingReceive, .receivingBulk])
            endPromise(slot)
            if completion.flags.contains(.socketNotEmpty) { connections[slot].flags.remove(.warm) }
            connections[slot].operations -= 1
            receiveEnded(completion, slot: slot)
            if mayBreakUnnoticed(slot) { watchUnread() }
        } else if memory.value.isTight || !features.receiveLimits {
            pauseWithoutRoom(slot)
        }
    }

    /// The slice that a receive filled.
    private func receivedSlice(_ completion: CompletionEntry, slot: UInt32) -> Slice? {
        guard let bulkRing else { return receiveRing.slice(for: completion) }
        if connections[slot].flags.contains(.receivingBulk) {
            let slice = bulkRing.slice(for: completion)
            if let slice, Int(slice.count) < receiveRing.chunkSize / 4 { connections[slot].flags.remove(.bulk) }
            return slice
        }
        let slice = receiveRing.slice(for: completion)
        if let slice, Int(slice.count) == receiveRing.chunkSize, completion.flags.contains(.socketNotEmpty) {
            connections[slot].flags.insert(.bulk)
            // The multishot receive would go on with small chunks for ever.
            if !completion.isLast { cancelReceive(slot) }
        }
        return slice
    }

    /// Puts received bytes where they belong.
    private func accept(_ slice: Slice, from slot: UInt32) {
        guard connections[slot].phase == .open, !connections[slot].flags.contains(.readingEnded) else {
            return acceptUnread(slice, from: slot)
        }
        if connections[slot].isRelaying {
            relay(slice, from: slot)
            return
        }
        connections[slot].flags.insert(.unanswered)
        slices.append(slice, to: &connections[slot].inbound, mayMerge: true)
        resumeReader(slot)
    }

    /// Bytes that no reader waits for: kept for whoever gets the descriptor, or still reads what came before a failure.
    @inline(never)
    private func acceptUnread(_ slice: Slice, from slot: UInt32) {
        let isBroken = connections[slot].phase == .broken && !connections[slot].flags.contains(.readingEnded)
        if isBroken || connections[slot].phase == .detaching {
            slices.append(slice, to: &connections[slot].inbound, mayMerge: true)
        } else {
            slice.dropOnOwnerThread()
        }
    }

    /// The receive is over: why, and what follows.
    private func receiveEnded(_ completion: CompletionEntry, slot: UInt32) {
        switch completion.error {
        case nil where completion.result == 0:
            // The end of a stream that has broken is none: a send was told of the error, and the receive is not.
            if connections[slot].cannotSend { fail(slot, connections[slot].failure) } else { peerEnded(slot) }
        case nil:
            // Its credit is used up, or the kernel could not go on: armed again when there is room.
            armReceiveIfWanted(slot)
        case .noBufferSpace:
            waitForMemory(slot)
        case .cancelled, .interrupted, .again:
            armReceiveIfWanted(slot)
        case let error?:
            fail(slot, error.code)
        }
        if connections[slot].phase != .open { continueEnding(slot) }
    }

    /// Arms the receive again, unless the connection is on its way out.
    private func armReceiveIfWanted(_ slot: UInt32) {
        if connections[slot].phase == .open { armReceive(slot) }
    }

    /// The ring of the receive that ended grows. Who found no large chunk goes on with small ones.
    private func noteStarvation(_ slot: UInt32) {
        if connections[slot].flags.contains(.receivingBulk) {
            connections[slot].flags.remove(.bulk)
            bulkRing?.noteStarvation()
        } else {
            receiveRing.noteStarvation()
        }
    }

    /// There are chunks again for a connection that was parked.
    func receiveAgain(_ slot: UInt32) {
        switch connections[slot].phase {
        case .open: armReceiveIfWanted(slot)
        case .closing, .released: armReceive(slot)
        case .broken, .detaching, .connecting, .vacant: break
        }
    }

    /// Parks the connection until there are chunks. First come, first served.
    func waitForMemory(_ slot: UInt32) {
        guard !connections[slot].flags.contains(.starved) else { return }
        connections[slot].flags.insert(.starved)
        starvedQueue.append(slot)
    }

    private func peerEnded(_ slot: UInt32) {
        connections[slot].flags.insert(.peerEnded)
        if connections[slot].isRelaying {
            relayPeerEnded(slot)
        } else {
            resumeReader(slot)
        }
    }

    /// Cancels the receive of a connection that reads more slowly than its peer sends, and has no limit, or a limit of
    /// times when there was more memory.
    private func pauseWithoutRoom(_ slot: UInt32) {
        guard receiveRoom(slot) <= 0 else { return }
        if !features.receiveLimits { connections[slot].flags.insert(.receivesOneByOne) }
        cancelReceive(slot)
    }

    /// Receives with an operation each. On kernels without a fix of 2026 a multishot receive on a Unix domain socket may
    /// wait for ever for the end of the stream that follows the last bytes at once (axboe/liburing#1549).
    func receiveOneByOne(_ slot: UInt32) { connections[slot].flags.insert(.receivesOneByOne) }

    /// Asks for the end of the receive in flight; its last completion comes in any case.
    func cancelReceive(_ slot: UInt32) {
        guard connections[slot].flags.contains(.receiving), !connections[slot].flags.contains(.cancellingReceive)
        else { return }
        connections[slot].flags.insert(.cancellingReceive)
        submit(.cancel(token(.receive, slot), token: token(.cancel, slot)))
    }

    // MARK: The reading task

    /// Whether the task must be suspended, since there is nothing to read, or it has read enough, and others are to run.
    /// More is being received then.
    func mustWaitToRead(_ slot: UInt32, holding actor: (any Actor)?) -> Bool {
        noteWaitingMessage(slot)
        guard !isReadable(slot) else { return turn.value.isOver }
        if connections[slot].deadlines != SlotIndex.none { startedWaitingToRead(slot) }
        armReceive(slot)
        return !runUntil(slot, holding: actor) { isReadable(slot) }
    }

    /// Whether a read would not wait: there are bytes, the end, a failure or a timeout.
    func isReadable(_ slot: UInt32) -> Bool {
        !connections[slot].inbound.isEmpty || connections[slot].hasFailed || connections[slot].isDrained
            || !connections[slot].flags.isDisjoint(with: Self.readEnds)
    }

    /// Whatever has arrived; waits if nothing has.
    func readWhatCame(_ slot: UInt32) async throws(ConnectionError) -> sending Buffer? {
        while mustWaitToRead(slot, holding: #isolation) {
            await Suspension.suspend { suspendReader(slot, $0) }
        }
        return try read(slot)
    }

    /// Takes the first slice that was received; nil at the end. What came before a failure is delivered before it.
    func read(_ slot: UInt32) throws(ConnectionError) -> sending Buffer? {
        if let slice = slices.popFirst(of: &connections[slot].inbound) {
            guard pool.handOut(slice) else {
                // A handler that tries again and again comes to the end of its turn.
                turn.value.read(byteCount: 0)
                slices.prepend(slice, to: &connections[slot].inbound)
                throw .tooMuchKept(limit: pool.configuration.maximumKeptBytes)
            }
            tookBytes(slice.count, from: slot)
            return Buffer(adopting: slice)
        }
        try requireReadable(slot)
        return nil
    }

    /// Nothing is there and nothing is waited for: returns at the end of the stream, and throws where it is no end.
    func requireReadable(_ slot: UInt32) throws(ConnectionError) {
        if connections[slot].hasFailed { throw ConnectionError(failure: connections[slot].failure) }
        let timedOut = connections[slot].flags.contains(.readTimedOut)
        connections[slot].flags.remove(.readTimedOut)
        let ended =
            connections[slot].isDrained || !connections[slot].flags.isDisjoint(with: [.peerEnded, .readingEnded])
        guard !ended else { return }
        if connections[slot].flags.contains(.readingCancelled) { throw .cancelled }
        if timedOut { throw .readTimedOut }
    }

    /// Flags with which no reader waits.
    static var readEnds: ConnectionState.Flags { [.peerEnded, .readingEnded, .readingCancelled, .readTimedOut] }

    /// The handler has taken bytes.
    @inline(__always)
    func tookBytes(_ byteCount: UInt32, from slot: UInt32) {
        turn.value.read(byteCount: byteCount)
        pulse?.uses(connections[slot].descriptor, listener: connections[slot].listener)
        connections[slot].movedBytes &+= byteCount
        goOnReceiving(slot)
    }

    /// Something was read: there is room for more. Bytes that came just in time win over a timeout.
    @inline(__always)
    func goOnReceiving(_ slot: UInt32) {
        guard connections[slot].flags.intersection([.receiving, .readTimedOut]) != .receiving else { return }
        connections[slot].flags.remove(.readTimedOut)
        armReceive(slot)
    }

    /// Drops what is there and whatever else comes.
    func endReading(_ slot: UInt32) {
        connections[slot].flags.insert(.readingEnded)
        slices.removeAll(of: &connections[slot].inbound)
        armReceive(slot)
        resumeReader(slot)
    }

    func resumeReader(_ slot: UInt32) {
        guard let reader = connections[slot].reader else { return }
        connections[slot].reader = nil
        connections[slot].flags.remove(.awaitsTurn)
        reader.resume()
    }
}
