internal import EddyBuffers

// One direction of a connection: from the peer to the reader.
//
//     operation    none ──arm──▶ armed ──cancel──▶ cancelling           at most one receive is in flight
//                    ▲              │                  │
//                    └──────────────┴───last completion┘
//     parking      none ──▶ forBuffers, forTurn ──▶ none                instead of a receive, while memory is short
//     input        open ──▶ discarding ──▶ ended                        ended: the peer's FIN has come
//                    └──────────────────────▲
//     reader       none ──▶ waiting ──▶ none                            a task, or what drives the connection instead
//                             └▶ waitingForTurn ──▶ none

/// What is received on a connection: the operation, what has come and was not read, and who reads it.
struct ReceiveSide {
    /// The chunks that a receive fills.
    enum ChunkSize: UInt8, CaseIterable, Sendable {
        case small
        case large
    }

    enum Operation: Equatable, Sendable {
        case none
        /// A receive is in flight.
        case armed(ChunkSize)
        /// The receive in flight is being cancelled, to pause or to close.
        case cancelling(ChunkSize)
    }

    /// Where a connection waits that may not receive for lack of memory.
    enum Parking: UInt8, CaseIterable, Sendable {
        case none
        /// A receive found no buffer (ENOBUFS).
        case forBuffers
        /// The peer has sent more, and other connections receive first.
        case forTurn
    }

    enum Input: UInt8, CaseIterable, Sendable {
        case open
        /// This side reads no more: what still comes is dropped.
        case discarding
        /// The peer's FIN has come.
        case ended
    }

    /// Why a read does not wait, although nothing has come.
    enum Interruption: UInt8, CaseIterable, Sendable {
        case none
        /// The read has waited for too long. The next read waits anew.
        case timedOut
        /// The task that reads was cancelled.
        case cancelled
    }

    enum Reader {
        case none
        case waiting(Waiter)
        /// There is something to read, and others have their turns first.
        case waitingForTurn(Waiter)
    }

    /// How the next receive is best made.
    struct Hints: OptionSet, Sendable {
        let rawValue: UInt8
        /// All that was there was received: the next bytes have not come yet, most likely.
        static let pollFirst = Hints(rawValue: 1 << 0)
        /// The peer fills small chunks.
        static let largeChunks = Hints(rawValue: 1 << 1)
        /// An operation for each receive: the connection was read too slowly for multishot receives without a limit, or is
        /// of a kind for which they do not work.
        static let singleShot = Hints(rawValue: 1 << 2)
    }

    /// Received, not read yet.
    var queue = SliceQueue()
    private(set) var operation = Operation.none
    private(set) var parking = Parking.none
    private(set) var input = Input.open
    private(set) var interruption = Interruption.none
    private(set) var reader = Reader.none
    var hints: Hints = []
    /// Whether the connection is in the queue of those whose readers wait for memory for a message.
    var isQueuedForMessage = false
    /// Bytes that must be there before the reader's message is complete, at most; 0 while none waits for a message.
    var expectedBytes: UInt32 = 0
    /// Bytes that the single receive in flight was promised while memory is tight; 0 for none, and for others.
    var promisedBytes: UInt32 = 0

    var isArmed: Bool { operation != .none }
    var hasReader: Bool { if case .none = reader { false } else { true } }
    var isParked: Bool { parking != .none }

    /// Whether nothing is received because the loop has no memory for it.
    var lacksMemory: Bool { parking == .forBuffers || isQueuedForMessage && !isArmed }

    /// Whether nothing more comes for a reader, unless the connection fails.
    var isOver: Bool { input != .open }

    /// Whether a read returns although nothing has come.
    @inline(__always)
    var endsWait: Bool { input != .open || interruption != .none }

    // MARK: The operation

    /// Whether a receive may be submitted, if the connection has not failed and there is room.
    @inline(__always)
    var mayArm: Bool {
        operation == .none && parking == .none && input != .ended && interruption != .cancelled
    }

    /// A receive is submitted.
    @inline(__always)
    mutating func arm(_ size: ChunkSize) {
        assert(mayArm, "a connection has one receive in flight, and none after the end")
        operation = .armed(size)
        hints.insert(.pollFirst)
    }

    /// The receive in flight is to end.
    ///
    /// - Returns: whether it must be cancelled; its last completion comes in any case.
    mutating func cancel() -> Bool {
        guard case .armed(let size) = operation else { return false }
        operation = .cancelling(size)
        return true
    }

    /// The last completion of the receive has come.
    ///
    /// - Returns: the chunks that it filled.
    @inline(__always)
    mutating func complete() -> ChunkSize {
        defer { operation = .none }
        switch operation {
        case .armed(let size), .cancelling(let size): return size
        case .none:
            assertionFailure("no receive is in flight")
            return .small
        }
    }

    /// The connection is parked instead of receiving.
    mutating func park(_ parking: Parking) {
        assert(self.parking == .none && parking != .none, "a connection is parked once")
        self.parking = parking
    }

    /// The connection has left the queue that it was parked in.
    ///
    /// - Returns: whether it was in that one.
    @discardableResult
    mutating func unpark(_ parking: Parking) -> Bool {
        guard self.parking == parking else { return false }
        self.parking = .none
        return true
    }

    // MARK: The end

    /// The peer's FIN has come.
    mutating func receivedEnd() { input = .ended }

    /// This side reads no more.
    mutating func discard() {
        if input == .open { input = .discarding }
    }

    // MARK: Interruptions

    /// The reader has waited for too long.
    mutating func timeOut() {
        if interruption == .none { interruption = .timedOut }
    }

    /// The read that was told of a timeout has ended, or bytes have come just in time.
    ///
    /// - Returns: whether a timeout was to be reported.
    @discardableResult
    mutating func clearTimeout() -> Bool {
        guard interruption == .timedOut else { return false }
        interruption = .none
        return true
    }

    /// The task that reads was cancelled: it does not wait any more.
    mutating func interrupt() { interruption = .cancelled }

    /// The connection is used by a task that was not cancelled, or by none.
    mutating func clearCancellation() {
        if interruption == .cancelled { interruption = .none }
    }

    // MARK: The reader

    /// A task waits to be resumed as the reader.
    @inline(__always)
    mutating func suspend(_ waiter: Waiter) { reader = .waiting(waiter) }

    /// The reader that was just suspended waits for its turn.
    mutating func awaitTurn() {
        guard case .waiting(let waiter) = reader else { return assertionFailure("a reader waits for its turn") }
        reader = .waitingForTurn(waiter)
    }

    /// Takes the reader out, to resume it.
    @inline(__always)
    mutating func takeReader() -> Waiter? {
        switch reader {
        case .none: return nil
        case .waiting(let waiter), .waitingForTurn(let waiter):
            reader = .none
            return waiter
        }
    }

    /// Whether the reader waits for its turn only.
    var awaitsTurn: Bool { if case .waitingForTurn = reader { true } else { false } }
}
