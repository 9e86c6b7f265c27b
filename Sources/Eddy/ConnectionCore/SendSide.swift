internal import EddyBuffers

// The other direction of a connection: from the writer to the peer.
//
//     operation    none ──schedule──▶ scheduled ──unschedule──▶ none ──begin──▶ in flight ──complete──▶ none
//     queue        ┌───────────┬──────────────────┐
//                  │ in flight │ the next send    │ ◀── write                at most one send is in flight
//                  └───────────┴──────────────────┘
//     output       open ──▶ finPending ──▶ finSent                           pending until the queue has been sent
//                    └────────────────────────▲

/// The sending side of a connection: the operation, the queue, and the writer that waits for room.
struct SendSide {
    /// The kind of a send in flight.
    enum Kind: UInt8, CaseIterable, Sendable {
        /// It ends within `enter`, and completes only if the socket did not take all bytes.
        case inline
        /// It completes when the socket has taken all bytes.
        case ordinary
        /// The kernel reads the bytes in place; a notification follows the completion.
        case zeroCopy
    }

    /// A send in flight, at the head of the queue.
    struct Flight: Equatable, Sendable {
        var kind: Kind
        var isCancelled = false
        var slices: UInt16
        var bytes: UInt32
    }

    enum Operation: Equatable, Sendable {
        case none
        /// In the queue of connections that have something to send.
        case scheduled
        case inFlight(Flight)
    }

    enum Output: UInt8, CaseIterable, Sendable {
        case open
        /// FIN follows once the queue has been sent.
        case finPending
        /// FIN was sent: nothing more follows.
        case finSent
    }

    /// Who is told that the queue has drained.
    enum Writer {
        case none
        case task(Waiter)
        /// The object that uses the connection.
        case callback
    }

    /// Whether zero-copy sends suit this connection.
    enum ZeroCopy: UInt8, Sendable {
        case unknown
        case suitable
        case unsuitable
    }

    /// Bytes queued for sending, including those in flight.
    var queue = SliceQueue()
    private(set) var operation = Operation.none
    private(set) var output = Output.open
    private(set) var writer = Writer.none
    /// Whether the writing task was cancelled: it waits for room no more.
    var isCancelled = false
    var zeroCopy = ZeroCopy.unknown
    /// Ordinary sends left before inline ones are tried again, because the peer was slow.
    var inlineBackoff: UInt8 = 0
    /// Queued bytes above which a writer waits, and at which it is resumed.
    var highWatermark: UInt32 = .max
    var lowWatermark: UInt32 = .max

    @inline(__always)
    var flight: Flight? { if case .inFlight(let flight) = operation { flight } else { nil } }
    @inline(__always)
    var isInFlight: Bool { if case .inFlight = operation { true } else { false } }
    var hasWriter: Bool { if case .none = writer { false } else { true } }

    /// Whether the queue's last slice may grow: the slices in flight must not change under the kernel.
    @inline(__always)
    var mayMerge: Bool { queue.count > UInt32(flight?.slices ?? 0) }

    // MARK: The operation

    /// Schedules the connection, which has bytes or FIN to send.
    ///
    /// - Returns: whether it must enter the send queue.
    @inline(__always)
    mutating func schedule() -> Bool {
        guard operation == .none else { return false }
        operation = .scheduled
        return true
    }

    /// Records that the connection has left the send queue.
    ///
    /// - Returns: whether it was in the queue.
    @inline(__always)
    @discardableResult
    mutating func unschedule() -> Bool {
        guard operation == .scheduled else { return false }
        operation = .none
        return true
    }

    /// Records the submission of a send of the first slices of the queue.
    @inline(__always)
    mutating func begin(_ kind: Kind, slices: UInt16, bytes: UInt32) {
        assert(operation == .none, "a connection has one send in flight")
        assert(slices > 0 && UInt32(slices) <= queue.count, "a send takes what is queued")
        operation = .inFlight(Flight(kind: kind, slices: slices, bytes: bytes))
        if kind == .ordinary, inlineBackoff > 0 { inlineBackoff -= 1 }
    }

    /// Records that the send in flight is being cancelled.
    ///
    /// - Returns: the send to cancel; nil without a send, or for one that ends without a cancellation.
    mutating func cancel() -> Flight? {
        guard case .inFlight(var flight) = operation, flight.kind != .inline, !flight.isCancelled else { return nil }
        flight.isCancelled = true
        operation = .inFlight(flight)
        return flight
    }

    /// Records that the send in flight has ended.
    @inline(__always)
    mutating func complete() -> Flight {
        defer { operation = .none }
        guard case .inFlight(let flight) = operation else {
            assertionFailure("no send is in flight")
            return Flight(kind: .ordinary, slices: 0, bytes: 0)
        }
        return flight
    }

    // MARK: The end

    /// Ends the sending direction once the queue has been sent.
    ///
    /// - Returns: whether the direction was still open.
    mutating func end() -> Bool {
        guard output == .open else { return false }
        output = .finPending
        return true
    }

    /// Whether FIN is due: it is pending, and all bytes before it have been sent.
    var isEndDue: Bool { output == .finPending && !isInFlight && queue.isEmpty }

    /// Records that FIN is sent.
    mutating func sentEnd() {
        assert(output != .finSent && queue.isEmpty && !isInFlight, "FIN follows everything, once")
        output = .finSent
    }

    // MARK: The writer

    /// Registers a task as the writer to resume. A second writer would replace the first, which would wait forever.
    mutating func suspend(_ waiter: Waiter) {
        require(
            !hasWriter,
            "one task at a time waits to write to a connection; let one task write, or wait for each write before the next"
        )
        writer = .task(waiter)
    }

    /// Calls the object that uses the connection when the queue has drained.
    mutating func notifyCallback() {
        assert(!hasWriter || writesByCallback, "an object or a task writes, not both")
        writer = .callback
    }

    /// Whether the object that uses the connection waits for the queue to drain.
    var writesByCallback: Bool { if case .callback = writer { true } else { false } }

    /// Takes out the writer, to tell it.
    @inline(__always)
    mutating func takeWriter() -> Writer {
        defer { writer = .none }
        return writer
    }
}
