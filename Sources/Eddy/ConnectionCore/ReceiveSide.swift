internal import EddyBuffers

// One direction of a connection: from the peer to the reader.
//
//     operation    none ──arm──▶ armed ──cancel──▶ cancelling           at most one receive is in flight
//                    ▲              │                  │
//                    └──────────────┴───last completion┘
//     parking      none ──▶ forBuffers, forTurn ──▶ none                instead of a receive, while memory is short
//     input        open ──▶ discarding ──▶ ended                        ended: the peer's FIN has come
//                    └──────────────────────▲
//     reader       none ──▶ waiting ──▶ none                            a task
//                             └▶ waitingForTurn ──▶ none
//                  none ──▶ callback: idle ──▶ ready ──called──▶ idle   an object, which stays until it is removed

/// The receiving side of a connection: the operation, the received and unread bytes, and the reader.
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

    /// The queue of a connection that may not receive for lack of memory.
    enum Parking: UInt8, CaseIterable, Sendable {
        case none
        /// A receive found no buffer (ENOBUFS).
        case forBuffers
        /// The peer has sent more, and other connections receive first.
        case forTurn
    }

    enum Input: UInt8, CaseIterable, Sendable {
        case open
        /// This side reads no more: bytes that still arrive are dropped.
        case discarding
        /// The peer's FIN has come.
        case ended
    }

    /// Why a read returns without data.
    enum Interruption: UInt8, CaseIterable, Sendable {
        case none
        /// The read has timed out. The next read starts a new wait.
        case timedOut
        /// The reading task was cancelled.
        case cancelled
    }

    enum Reader {
        case none
        case waiting(Waiter)
        /// There is something to read, but other tasks have their turns first.
        case waitingForTurn(Waiter)
        /// An object uses the connection.
        case callback(CallbackID, isReady: Bool)
    }

    /// Who must be told that there is something for the reader.
    enum Resumption {
        case none
        case task(Waiter)
        /// The connection enters the queue of those whose objects are called.
        case callback
    }

    /// How to make the next receive.
    struct Hints: OptionSet, Sendable {
        let rawValue: UInt8
        /// Everything available was received: most likely, the next bytes have not arrived yet.
        static let pollFirst = Hints(rawValue: 1 << 0)
        /// The peer fills small chunks.
        static let largeChunks = Hints(rawValue: 1 << 1)
        /// Uses one operation per receive: the connection was read too slowly for multishot receives without a limit,
        /// or multishot receives do not work on its kind of socket.
        static let singleShot = Hints(rawValue: 1 << 2)
    }

    /// Received bytes, not yet read.
    var queue = SliceQueue()
    private(set) var operation = Operation.none
    private(set) var parking = Parking.none
    private(set) var input = Input.open
    private(set) var interruption = Interruption.none
    private(set) var reader = Reader.none
    var hints: Hints = []
    /// Whether the connection is in the queue of those whose readers wait for memory for a message.
    var isQueuedForMessage = false
    /// The most bytes needed to complete the reader's message; 0 while no reader waits for a message.
    var expectedBytes: UInt32 = 0
    /// Bytes promised to the single receive in flight while memory is tight; 0 without one, and for other receives.
    var promisedBytes: UInt32 = 0

    var isArmed: Bool { operation != .none }
    var hasReader: Bool { if case .none = reader { false } else { true } }
    var isParked: Bool { parking != .none }

    /// Whether the connection does not receive because the loop has no memory for it.
    var lacksMemory: Bool { parking == .forBuffers || isQueuedForMessage && !isArmed }

    /// Whether a reader will get no more bytes, unless the connection fails.
    var isOver: Bool { input != .open }

    /// Whether a read returns even without data.
    @inline(__always)
    var endsWait: Bool { input != .open || interruption != .none }

    // MARK: The operation

    /// Whether a receive may be submitted, if the connection has not failed and there is room.
    @inline(__always)
    var mayArm: Bool {
        operation == .none && parking == .none && input != .ended && interruption != .cancelled
    }

    /// Records that a receive is submitted.
    @inline(__always)
    mutating func arm(_ size: ChunkSize) {
        assert(mayArm, "a connection has one receive in flight, and none after the end")
        operation = .armed(size)
        hints.insert(.pollFirst)
    }

    /// Records that the receive in flight is being cancelled.
    ///
    /// - Returns: whether a cancellation must be submitted; the last completion comes in any case.
    mutating func cancel() -> Bool {
        guard case .armed(let size) = operation else { return false }
        operation = .cancelling(size)
        return true
    }

    /// Records the last completion of the receive.
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

    /// Parks the connection instead of receiving.
    mutating func park(_ parking: Parking) {
        assert(self.parking == .none && parking != .none, "a connection is parked once")
        self.parking = parking
    }

    /// Records that the connection has left the queue that it was parked in.
    ///
    /// - Returns: whether it was in that queue.
    @discardableResult
    mutating func unpark(_ parking: Parking) -> Bool {
        guard self.parking == parking else { return false }
        self.parking = .none
        return true
    }

    // MARK: The end

    /// Records the peer's FIN.
    mutating func receivedEnd() { input = .ended }

    /// Ends the receiving direction.
    mutating func discard() {
        if input == .open { input = .discarding }
    }

    // MARK: Interruptions

    /// Interrupts a reader that has waited too long.
    mutating func timeOut() {
        if interruption == .none { interruption = .timedOut }
    }

    /// Clears a timeout: the read that reported it has ended, or bytes arrived just in time.
    ///
    /// - Returns: whether a timeout was pending.
    @discardableResult
    mutating func clearTimeout() -> Bool {
        guard interruption == .timedOut else { return false }
        interruption = .none
        return true
    }

    /// Records that the reading task was cancelled: it waits no more.
    mutating func interrupt() { interruption = .cancelled }

    /// Clears the cancellation: a task that was not cancelled uses the connection, or no task does.
    mutating func clearCancellation() {
        if interruption == .cancelled { interruption = .none }
    }

    // MARK: The reader

    /// Registers a task as the reader to resume.
    @inline(__always)
    mutating func suspend(_ waiter: Waiter) { reader = .waiting(waiter) }

    /// Makes the reader that was just suspended wait for its turn.
    mutating func awaitTurn() {
        guard case .waiting(let waiter) = reader else { return assertionFailure("a reader waits for its turn") }
        reader = .waitingForTurn(waiter)
    }

    /// Takes out the task that waits, to resume it; an object stays.
    @inline(__always)
    mutating func resumeReader() -> Resumption {
        switch reader {
        case .none, .callback(_, isReady: true): return .none
        case .waiting(let waiter), .waitingForTurn(let waiter):
            reader = .none
            return .task(waiter)
        case .callback(let callback, isReady: false):
            reader = .callback(callback, isReady: true)
            return .callback
        }
    }

    /// Lets an object use the connection.
    mutating func install(_ callback: CallbackID) {
        assert(!hasReader, "a connection has one reader")
        reader = .callback(callback, isReady: false)
    }

    /// Removes the object that uses the connection.
    mutating func removeCallback() {
        if case .callback = reader { reader = .none }
    }

    /// Records that the connection has left that queue.
    ///
    /// - Returns: the object to call.
    mutating func beginCall() -> CallbackID? {
        guard case .callback(let callback, isReady: true) = reader else { return nil }
        reader = .callback(callback, isReady: false)
        return callback
    }

    /// Whether the object that uses the connection is about to be called.
    var isReady: Bool { if case .callback(_, isReady: true) = reader { true } else { false } }

    /// The object that uses the connection.
    var callback: CallbackID? { if case .callback(let callback, _) = reader { callback } else { nil } }

    /// Whether the reader only waits for its turn.
    var awaitsTurn: Bool { if case .waitingForTurn = reader { true } else { false } }
}
