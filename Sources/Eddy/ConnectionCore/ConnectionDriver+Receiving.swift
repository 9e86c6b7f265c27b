internal import EddyBuffers
internal import EddyRing

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

extension ConnectionDriver {
    /// Submits a receive if the connection may have one, and there is room for what it brings.
    func armReceive(_ id: ConnectionID) {
        guard canReceive(id) else { return }
        let room = windowRoom(id)
        if room > 0 {
            if mustAwaitReceiveTurn(id) { awaitReceiveTurn(id) } else { submitReceive(id, room: room) }
        } else if connections[id].expectedBytes > 0 {
            receiveMessage(id)
        }
    }

    /// The reader waits for a message that its window does not hold. Single receives bring no more than that message.
    private func receiveMessage(_ id: ConnectionID) {
        let room = messageRoom(id)
        if room > 0 { submitReceive(id, room: room, isSingle: true) } else { awaitMemoryForMessage(id) }
    }

    func canReceive(_ id: ConnectionID) -> Bool {
        let never: ConnectionState.Flags = [
            .receiving, .peerEnded, .starved, .readingCancelled, .awaitsReceiveTurn,
        ]
        return connections[id].flags.isDisjoint(with: never) && !connections[id].hasFailed
    }

    /// Submits a receive of up to `room` bytes. A multishot one may bring up to a chunk more.
    func submitReceive(_ id: ConnectionID, room: Int, isSingle: Bool = false) {
        let flags = connections[id].flags
        let entry: SubmissionEntry
        if let bulkRing, flags.contains(.bulk), bulkRing.hasChunks {
            entry = .receiveOnce(
                descriptor: connections[id].descriptor,
                group: bulkRing.group,
                limit: Self.limit(room, below: bulkRing.chunkSize),
                token: OperationToken(.receive, id)
            )
            connections[id].flags.insert(.receivingBulk)
        } else if !flags.isDisjoint(with: [.receivesOneByOne, .receivesOn]) || !features.multishotReceives
            || room < smallestCredit || isSingle || memory.value.isTight
        {
            entry = .receiveOnce(
                descriptor: connections[id].descriptor,
                group: receiveRing.group,
                limit: Self.limit(room, below: receiveRing.chunkSize),
                token: OperationToken(.receive, id)
            )
        } else {
            entry = .receiveMultishot(
                descriptor: connections[id].descriptor,
                group: receiveRing.group,
                limit: features.receiveLimits ? UInt32(truncatingIfNeeded: room) : 0,
                expectsDelay: flags.contains(.warm),
                token: OperationToken(.receive, id)
            )
        }
        submit(entry)
        if memory.value.isTight { promise(room, to: id) }
        connections[id].flags.formUnion([.receiving, .warm])
        connections[id].operations += 1
    }

    /// Room below which a receive is a single one, which brings no byte more.
    private var smallestCredit: Int { min(configuration.receiveWindow, 64 << 10) }

    /// The limit of a single receive into a chunk; 0 where the chunk is one.
    private static func limit(_ room: Int, below chunkSize: Int) -> UInt32 {
        room < chunkSize ? UInt32(truncatingIfNeeded: room) : 0
    }

    /// A receive completed: bytes, the end of the stream, a failure, or its own end.
    func received(_ completion: CompletionEntry, id: ConnectionID) {
        if let slice = receivedSlice(completion, id: id) {
            counters.bytesReceived += UInt64(slice.count)
            noteActivity(id)
            accept(slice, from: id)
        }
        if completion.isLast {
            if completion.error == .noBufferSpace { noteStarvation(id) }
            connections[id].flags.subtract([.receiving, .cancellingReceive, .receivingBulk])
            endPromise(id)
            if completion.flags.contains(.socketNotEmpty) { connections[id].flags.remove(.warm) }
            connections[id].operations -= 1
            receiveEnded(completion, id: id)
            if mayBreakUnnoticed(id) { watchUnread() }
        } else if memory.value.isTight || !features.receiveLimits {
            pauseWithoutRoom(id)
        }
    }

    /// The slice that a receive filled.
    private func receivedSlice(_ completion: CompletionEntry, id: ConnectionID) -> Slice? {
        guard let bulkRing else { return receiveRing.slice(for: completion) }
        if connections[id].flags.contains(.receivingBulk) {
            let slice = bulkRing.slice(for: completion)
            if let slice, Int(slice.count) < receiveRing.chunkSize / 4 { connections[id].flags.remove(.bulk) }
            return slice
        }
        let slice = receiveRing.slice(for: completion)
        if let slice, Int(slice.count) == receiveRing.chunkSize, completion.flags.contains(.socketNotEmpty) {
            connections[id].flags.insert(.bulk)
            // The multishot receive would go on with small chunks for ever.
            if !completion.isLast { cancelReceive(id) }
        }
        return slice
    }

    /// Puts received bytes where they belong.
    private func accept(_ slice: Slice, from id: ConnectionID) {
        guard connections[id].phase == .open, !connections[id].flags.contains(.readingEnded) else {
            return acceptUnread(slice, from: id)
        }
        if connections[id].isRelaying {
            relay(slice, from: id)
            return
        }
        connections[id].flags.insert(.unanswered)
        slices.append(slice, to: &connections[id].inbound, mayMerge: true)
        resumeReader(id)
    }

    /// Bytes that no reader waits for: kept for whoever gets the descriptor, or still reads what came before a failure.
    @inline(never)
    private func acceptUnread(_ slice: Slice, from id: ConnectionID) {
        let isBroken = connections[id].phase == .broken && !connections[id].flags.contains(.readingEnded)
        if isBroken || connections[id].phase == .detaching {
            slices.append(slice, to: &connections[id].inbound, mayMerge: true)
        } else {
            slice.dropOnOwnerThread()
        }
    }

    /// The receive is over: why, and what follows.
    private func receiveEnded(_ completion: CompletionEntry, id: ConnectionID) {
        switch completion.error {
        case nil where completion.result == 0:
            // The end of a stream that has broken is none: a send was told of the error, and the receive is not.
            if connections[id].cannotSend { fail(id, connections[id].failure) } else { peerEnded(id) }
        case nil:
            // Its credit is used up, or the kernel could not go on: armed again when there is room.
            armReceiveIfWanted(id)
        case .noBufferSpace:
            waitForMemory(id)
        case .cancelled, .interrupted, .again:
            armReceiveIfWanted(id)
        case let error?:
            fail(id, error.code)
        }
        if connections[id].phase != .open { continueEnding(id) }
    }

    /// Arms the receive again, unless the connection is on its way out.
    private func armReceiveIfWanted(_ id: ConnectionID) {
        if connections[id].phase == .open { armReceive(id) }
    }

    /// The ring of the receive that ended grows. Who found no large chunk goes on with small ones.
    private func noteStarvation(_ id: ConnectionID) {
        if connections[id].flags.contains(.receivingBulk) {
            connections[id].flags.remove(.bulk)
            bulkRing?.noteStarvation()
        } else {
            receiveRing.noteStarvation()
        }
    }

    /// There are chunks again for a connection that was parked.
    func receiveAgain(_ id: ConnectionID) {
        switch connections[id].phase {
        case .open: armReceiveIfWanted(id)
        case .closing, .released: armReceive(id)
        case .broken, .detaching, .connecting, .vacant: break
        }
    }

    /// Parks the connection until there are chunks. First come, first served.
    func waitForMemory(_ id: ConnectionID) {
        guard !connections[id].flags.contains(.starved) else { return }
        connections[id].flags.insert(.starved)
        starvedQueue.append(id)
    }

    private func peerEnded(_ id: ConnectionID) {
        connections[id].flags.insert(.peerEnded)
        if connections[id].isRelaying {
            relayPeerEnded(id)
        } else {
            resumeReader(id)
        }
    }

    /// Cancels the receive of a connection that reads more slowly than its peer sends, and has no limit, or a limit of
    /// times when there was more memory.
    private func pauseWithoutRoom(_ id: ConnectionID) {
        guard receiveRoom(id) <= 0 else { return }
        if !features.receiveLimits { connections[id].flags.insert(.receivesOneByOne) }
        cancelReceive(id)
    }

    /// Receives with an operation each. On kernels without a fix of 2026 a multishot receive on a Unix domain socket may
    /// wait for ever for the end of the stream that follows the last bytes at once (axboe/liburing#1549).
    func receiveOneByOne(_ id: ConnectionID) { connections[id].flags.insert(.receivesOneByOne) }

    /// Asks for the end of the receive in flight; its last completion comes in any case.
    func cancelReceive(_ id: ConnectionID) {
        guard connections[id].flags.contains(.receiving), !connections[id].flags.contains(.cancellingReceive)
        else { return }
        connections[id].flags.insert(.cancellingReceive)
        submit(.cancel(OperationToken(.receive, id), token: OperationToken(.cancel, id)))
    }

    // MARK: The reading task

    /// Whether a read would not wait: there are bytes, the end, a failure or a timeout.
    func isReadable(_ id: ConnectionID) -> Bool {
        !connections[id].inbound.isEmpty || connections[id].hasFailed || connections[id].isDrained
            || !connections[id].flags.isDisjoint(with: Self.readEnds)
    }

    /// Takes the first slice that was received; nil at the end. What came before a failure is delivered before it.
    func read(_ id: ConnectionID) throws(ConnectionError) -> sending Buffer? {
        if let slice = slices.popFirst(of: &connections[id].inbound) {
            guard pool.transferToHandler(slice) else {
                // A handler that tries again and again comes to the end of its turn.
                turn.value.read(byteCount: 0)
                slices.prepend(slice, to: &connections[id].inbound)
                throw .tooMuchKept(limit: pool.configuration.maximumKeptBytes)
            }
            tookBytes(slice.count, from: id)
            return Buffer(adopting: slice)
        }
        try requireReadable(id)
        return nil
    }

    /// Nothing is there and nothing is waited for: returns at the end of the stream, and throws where it is no end.
    func requireReadable(_ id: ConnectionID) throws(ConnectionError) {
        if connections[id].hasFailed { throw ConnectionError(failure: connections[id].failure) }
        let timedOut = connections[id].flags.contains(.readTimedOut)
        connections[id].flags.remove(.readTimedOut)
        let ended =
            connections[id].isDrained || !connections[id].flags.isDisjoint(with: [.peerEnded, .readingEnded])
        guard !ended else { return }
        if connections[id].flags.contains(.readingCancelled) { throw .cancelled }
        if timedOut { throw .readTimedOut }
    }

    /// Flags with which no reader waits.
    static var readEnds: ConnectionState.Flags { [.peerEnded, .readingEnded, .readingCancelled, .readTimedOut] }

    /// The handler has taken bytes.
    @inline(__always)
    func tookBytes(_ byteCount: UInt32, from id: ConnectionID) {
        turn.value.read(byteCount: byteCount)
        heartbeat?.uses(connections[id].descriptor, listener: connections[id].listener)
        connections[id].movedBytes &+= byteCount
        goOnReceiving(id)
    }

    /// Something was read: there is room for more. Bytes that came just in time win over a timeout.
    @inline(__always)
    func goOnReceiving(_ id: ConnectionID) {
        guard connections[id].flags.intersection([.receiving, .readTimedOut]) != .receiving else { return }
        connections[id].flags.remove(.readTimedOut)
        armReceive(id)
    }

    /// Drops what is there and whatever else comes.
    func endReading(_ id: ConnectionID) {
        connections[id].flags.insert(.readingEnded)
        slices.removeAll(of: &connections[id].inbound)
        armReceive(id)
        resumeReader(id)
    }

    func resumeReader(_ id: ConnectionID) {
        guard let reader = connections[id].reader else { return }
        connections[id].reader = nil
        connections[id].flags.remove(.awaitsTurn)
        reader.resume()
    }
}
