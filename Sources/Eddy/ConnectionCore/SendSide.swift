internal import EddyBuffers

// The other direction of a connection: from the writer to the peer.
//
//     operation    none ──schedule──▶ scheduled ──unschedule──▶ none ──begin──▶ in flight ──complete──▶ none
//     queue        ┌───────────┬──────────────────┐
//                  │ in flight │ the next send    │ ◀── write                at most one send is in flight
//                  └───────────┴──────────────────┘
//     output       open ──▶ finPending ──▶ finSent                           pending until the queue has been sent
//                    └────────────────────────▲

/// What is sent on a connection: the operation, what is queued, and who waits for it.
struct SendSide {
    /// How a send in flight is made.
    enum Kind: UInt8, CaseIterable, Sendable {
        /// It ends within `enter`, and completes only if it did not take everything.
        case inline
        /// It completes when the socket has taken everything.
        case ordinary
        /// The kernel reads the memory itself; a notification follows the completion.
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
        /// FIN follows once all that is queued has been sent.
        case finPending
        /// FIN was sent: nothing follows.
        case finSent
    }

    /// Whether zero-copy sends are for this connection.
    enum ZeroCopy: UInt8, Sendable {
        case unknown
        case suitable
        case unsuitable
    }

    /// Queued for sending, what is in flight included.
    var queue = SliceQueue()
    private(set) var operation = Operation.none
    private(set) var output = Output.open
    private(set) var writer: Waiter?
    /// Whether the task that writes was cancelled: it does not wait for room any more.
    var isCancelled = false
    var zeroCopy = ZeroCopy.unknown
    /// Ordinary sends left until inline ones are tried again: the peer was slow.
    var inlineBackoff: UInt8 = 0
    /// Bytes queued above which a writer waits, and at which it is resumed.
    var highWatermark: UInt32 = .max
    var lowWatermark: UInt32 = .max

    @inline(__always)
    var flight: Flight? { if case .inFlight(let flight) = operation { flight } else { nil } }
    @inline(__always)
    var isInFlight: Bool { if case .inFlight = operation { true } else { false } }
    var hasWriter: Bool { writer != nil }

    /// Whether the queue's last slice may grow: what is in flight must stay as the kernel knows it.
    @inline(__always)
    var mayMerge: Bool { queue.count > UInt32(flight?.slices ?? 0) }

    // MARK: The operation

    /// The connection has something to send, or to end.
    ///
    /// - Returns: whether it enters the queue of those that have.
    @inline(__always)
    mutating func schedule() -> Bool {
        guard operation == .none else { return false }
        operation = .scheduled
        return true
    }

    /// The connection has left that queue.
    ///
    /// - Returns: whether it was in it.
    @inline(__always)
    @discardableResult
    mutating func unschedule() -> Bool {
        guard operation == .scheduled else { return false }
        operation = .none
        return true
    }

    /// A send of the first slices of the queue is submitted.
    @inline(__always)
    mutating func begin(_ kind: Kind, slices: UInt16, bytes: UInt32) {
        assert(operation == .none, "a connection has one send in flight")
        assert(slices > 0 && UInt32(slices) <= queue.count, "a send takes what is queued")
        operation = .inFlight(Flight(kind: kind, slices: slices, bytes: bytes))
        if kind == .ordinary, inlineBackoff > 0 { inlineBackoff -= 1 }
    }

    /// The send in flight is to end.
    ///
    /// - Returns: the send that must be cancelled; nil if there is none, or it ends without.
    mutating func cancel() -> Flight? {
        guard case .inFlight(var flight) = operation, flight.kind != .inline, !flight.isCancelled else { return nil }
        flight.isCancelled = true
        operation = .inFlight(flight)
        return flight
    }

    /// The send in flight has ended.
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

    /// This side's direction ends once all that is queued has been sent.
    ///
    /// - Returns: whether that is new.
    mutating func end() -> Bool {
        guard output == .open else { return false }
        output = .finPending
        return true
    }

    /// Whether FIN is due: it is pending, and everything before it has been sent.
    var isEndDue: Bool { output == .finPending && !isInFlight && queue.isEmpty }

    /// FIN is sent.
    mutating func sentEnd() {
        assert(output != .finSent && queue.isEmpty && !isInFlight, "FIN follows everything, once")
        output = .finSent
    }

    // MARK: The writer

    /// A task waits to be resumed as the writer. A second one would take the place of the first, which would wait for
    /// ever.
    mutating func suspend(_ waiter: Waiter) {
        require(
            writer == nil,
            "one task at a time waits to write to a connection; let one task write, or wait for each write before the next"
        )
        writer = waiter
    }

    /// Takes the writer out, to resume it.
    @inline(__always)
    mutating func takeWriter() -> Waiter? {
        guard let waiter = writer else { return nil }
        writer = nil
        return waiter
    }
}
