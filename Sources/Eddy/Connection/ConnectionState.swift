internal import EddyBuffers

/// Everything that the loop knows of one connection: a slot of the table. No object, no allocation.
struct ConnectionState {
    /// Where a connection is in its life.
    enum Phase: UInt8 {
        /// The slot belongs to nobody.
        case vacant
        case connecting
        /// Somebody holds a ``Connection`` to it.
        case open
        /// Somebody holds a ``Connection`` to it, and it has failed: its descriptor and what it had to send are gone, or
        /// go as soon as nothing is in flight. What was received before can still be read.
        case broken
        /// The ``Connection`` is gone; the loop has not looked yet.
        case released
        /// The ``Connection`` is gone; what it left is being finished.
        case closing
        /// The ``Connection`` is being given up for its descriptor, which nobody here may close.
        case detaching
    }

    /// How a connection ends once its ``Connection`` is gone.
    enum Ending: UInt8, Comparable {
        /// Send what is queued, end the stream, wait for the peer's end.
        case orderly
        /// Send what is queued, wait until the peer has it, then reset.
        case resetAfterDelivery
        /// Reset now, whatever is queued.
        case reset

        static func < (left: Ending, right: Ending) -> Bool { left.rawValue < right.rawValue }
    }

    struct Flags: OptionSet {
        let rawValue: UInt32
        /// A receive is in flight.
        static let receiving = Flags(rawValue: 1 << 0)
        /// The peer has ended its direction: nothing more will be received.
        static let peerEnded = Flags(rawValue: 1 << 1)
        /// This side's direction ends once all that is queued has been sent.
        static let endsAfterSending = Flags(rawValue: 1 << 2)
        /// This side's direction has ended (FIN).
        static let ended = Flags(rawValue: 1 << 3)
        /// In the loop's queue of connections that have something to send.
        static let queuedToSend = Flags(rawValue: 1 << 4)
        /// The send in flight is one that ends within `enter`.
        static let sendingInline = Flags(rawValue: 1 << 5)
        /// In the loop's queue of connections that wait for memory.
        static let starved = Flags(rawValue: 1 << 6)
        /// The one receive in flight has been cancelled, to pause or to close.
        static let cancellingReceive = Flags(rawValue: 1 << 7)
        static let cancellingSend = Flags(rawValue: 1 << 8)
        /// Received all that was there: the next data have not come yet, most likely.
        static let warm = Flags(rawValue: 1 << 9)
        /// A relay's waiting task is kept in this slot's `reader`.
        static let ownsRelay = Flags(rawValue: 1 << 10)
        /// The connection was being read too slowly for multishot receives without a limit, or is of a kind for which they
        /// do not work.
        static let receivesOneByOne = Flags(rawValue: 1 << 11)
        /// All is sent; a timer looks whether the peer has received it.
        static let awaitingDelivery = Flags(rawValue: 1 << 12)
        /// Fills small chunks: receives into large ones, one by one.
        static let bulk = Flags(rawValue: 1 << 13)
        /// The receive in flight is one into large chunks.
        static let receivingBulk = Flags(rawValue: 1 << 14)
        /// The task that reads was cancelled: it does not wait for bytes any more.
        static let readingCancelled = Flags(rawValue: 1 << 15)
        /// The task that writes was cancelled: it does not wait for room any more.
        static let writingCancelled = Flags(rawValue: 1 << 16)
        /// This side reads no more; what still comes is dropped.
        static let readingEnded = Flags(rawValue: 1 << 17)
        /// The send in flight is a zero-copy one.
        static let sendingZeroCopy = Flags(rawValue: 1 << 18)
        /// It is known whether zero-copy sends are for this connection.
        static let zeroCopyConsidered = Flags(rawValue: 1 << 19)
        /// They are not.
        static let zeroCopyRefused = Flags(rawValue: 1 << 20)
        /// The reading task was resumed because it has waited for too long.
        static let readTimedOut = Flags(rawValue: 1 << 21)
        /// The reader has something to read, and waits until others have had their turns.
        static let awaitsTurn = Flags(rawValue: 1 << 22)
        /// In the loop's queue of connections whose readers wait for memory for their messages.
        static let awaitsMemory = Flags(rawValue: 1 << 23)
        /// In the loop's queue of connections that have more to receive while memory is tight.
        static let awaitsReceiveTurn = Flags(rawValue: 1 << 24)
        /// Nothing can be sent any more, and ``failure`` says why; what the socket still holds is received first.
        static let receivesOn = Flags(rawValue: 1 << 25)
        /// The server shuts down: nobody waits for the peer's next message, nor for its end.
        static let draining = Flags(rawValue: 1 << 26)
        /// Something was received since something was last written: a message is under way, or its answer.
        static let unanswered = Flags(rawValue: 1 << 27)
        /// One task reads and another writes: what is written says nothing of what was read.
        static let usedByTwo = Flags(rawValue: 1 << 28)
        /// While closing: the peer's system has acknowledged everything, and nothing more is waited for.
        static let delivered = Flags(rawValue: 1 << 29)
    }

    /// -1 once it is closed, which that of a broken connection may be before its ``Connection`` is gone.
    var descriptor: Int32 = -1
    var generation: UInt32 = 0
    var phase = Phase.vacant
    var ending = Ending.orderly
    var flags: Flags = []
    /// Operations submitted whose last completion has not come.
    var operations: UInt8 = 0
    /// Ordinary sends left until inline ones are tried again: the peer was slow.
    var inlineBackoff: UInt8 = 0
    /// Slices and bytes of the send in flight, at the head of `outbound`. No slice: no send.
    var sendingSlices: UInt16 = 0
    var sendingBytes: UInt32 = 0
    /// Why the connection broke: an error number of the system, or a negative code of ``ConnectionError``'s own, such
    /// as ``ConnectionError/cancelledCode``; 0 while it has not.
    var failure: Int32 = 0
    /// The listener that accepted the connection, or none.
    var listener = ConnectionState.noListener
    /// The connection that what is received here is relayed to, or none.
    var relayPeer = ConnectionState.noSlot
    /// The connector that makes this connection, or that gives up when this connection breaks; or none.
    var connector = ConnectionState.noConnector
    /// What the connection has to do with time, or nothing.
    var deadlines = SlotIndex.none
    /// Received, not read yet.
    var inbound = SliceQueue()
    /// Queued for sending, what is in flight included.
    var outbound = SliceQueue()
    /// Bytes that must be there before the reader's message is complete, at most; 0 while none waits for a message.
    var expectedBytes: UInt32 = 0
    /// Bytes that the single receive in flight was promised while memory is tight; 0 for none, and for others.
    var promisedBytes: UInt32 = 0
    /// Bytes that the handler has read and that have been sent, for a look at whether anything moves. Wraps.
    var movedBytes: UInt32 = 0
    /// Bytes queued for sending above which a writer waits, and at which it goes on.
    var highWatermark: UInt32 = .max
    var lowWatermark: UInt32 = .max
    var reader: Suspension?
    var writer: Suspension?

    static let noSlot = UInt32.max
    static let noListener = UInt32.max
    static let noConnector = UInt32.max

    /// The next vacant slot; a vacant one relays nothing.
    var nextVacant: UInt32 {
        get { relayPeer }
        set { relayPeer = newValue }
    }

    /// A task waits to be resumed as the reader.
    mutating func suspendReader(_ reader: Suspension) {
        requireNoReader()
        self.reader = reader
    }

    /// A second reader would take the place of the first, or its bytes, and the first waited for ever. A relay reads
    /// both of its connections.
    func requireNoReader() {
        require(
            reader == nil && (!isRelaying || flags.contains(.ownsRelay)),
            "one task at a time reads a connection; do not read it and its chunks at once"
        )
    }

    /// A task waits to be resumed as the writer. A second one would take the place of the first, which would wait
    /// for ever.
    mutating func suspendWriter(_ writer: Suspension) {
        require(
            self.writer == nil,
            "one task at a time waits to write to a connection; let one task write, or wait for each write before the next"
        )
        self.writer = writer
    }

    /// Whether somebody holds a ``Connection`` to it.
    var isHeld: Bool { phase == .open || phase == .broken }
    var isSending: Bool { sendingSlices > 0 }
    var isRelaying: Bool { relayPeer != Self.noSlot }
    /// Whether the connection is broken in both directions.
    var hasFailed: Bool { failure != 0 && !flags.contains(.receivesOn) }
    /// Whether nothing can be sent any more.
    var cannotSend: Bool { failure != 0 }
    /// Whether the server shuts down and no message is under way: the reader comes to an end, though its peer has not.
    var isDrained: Bool { flags.intersection([.draining, .unanswered, .usedByTwo]) == .draining }
}
