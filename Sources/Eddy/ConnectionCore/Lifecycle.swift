// The phases of a connection, from its descriptor to its close:
//
//     connecting ──▶ open ──────────▶ released ──▶ closing ──▶ (vacant)
//          │          │ ▲              ▲
//          │          │ └── detaching ─┼──▶ (vacant: the descriptor is the program's)
//          │          ▼                │
//          │        broken ────────────┘
//          └──▶ (vacant)
//
//     ending      graceful ──▶ resetAfterFlush ──▶ reset              never backwards
//     failure     none ──▶ sending ──▶ both                           the first cause counts
//     delivery    notAwaited ──▶ awaited ──▶ complete                 only while closing

/// The phase of a connection, and how it ends.
struct Lifecycle: Equatable, Sendable {
    enum Phase: UInt8, CaseIterable, Sendable {
        /// No connection uses the slot.
        case vacant
        case connecting
        /// A task or an object uses it.
        case open
        /// As `open`, and it has failed: its descriptor and queued bytes are gone, or will be as soon as
        /// no operation is in flight. Bytes received before the failure can still be read.
        case broken
        /// Its owner is gone; the loop has not yet noticed.
        case released
        /// Its owner is gone; the loop finishes the remaining work.
        case closing
        /// The ``Connection`` is giving up its descriptor, which Eddy does not close.
        case detaching
    }

    /// How a connection ends once its ``Connection`` is gone.
    enum Ending: UInt8, CaseIterable, Comparable, Sendable {
        /// Send what is queued, then FIN; wait for the peer's FIN.
        case graceful
        /// Send what is queued, wait until the peer has acknowledged it, then reset.
        case resetAfterFlush
        /// Reset now; queued bytes are lost.
        case reset

        static func < (left: Ending, right: Ending) -> Bool { left.rawValue < right.rawValue }
    }

    /// Why a connection failed: an error number of the system, or one of ``ConnectionError``'s own negative codes.
    enum Failure: Equatable, Sendable {
        case none
        /// Sending has failed. Bytes that the socket still holds are received first.
        case sending(Int32)
        /// Both directions have failed.
        case both(Int32)

        /// The code; 0 for none.
        var code: Int32 {
            switch self {
            case .none: 0
            case .sending(let code), .both(let code): code
            }
        }
    }

    /// While closing: whether the peer's system has acknowledged everything.
    enum Delivery: UInt8, CaseIterable, Sendable {
        case notAwaited
        /// All is sent; a timer checks whether the peer has received it.
        case awaited
        /// The peer has received it, and the connection waits for nothing more.
        case complete
    }

    private(set) var phase: Phase
    private(set) var ending = Ending.graceful
    private(set) var failure = Failure.none
    private(set) var delivery = Delivery.notAwaited

    init(_ phase: Phase = .vacant) { self.phase = phase }

    /// Whether a ``Connection`` owns it.
    @inline(__always)
    var isHeld: Bool { phase == .open || phase == .broken }
    /// Whether the connection has failed in both directions.
    @inline(__always)
    var hasFailed: Bool { if case .both = failure { true } else { false } }
    /// Whether sending has failed.
    @inline(__always)
    var cannotSend: Bool { failure != .none }
    /// Whether bytes that the socket holds are received before the failure counts.
    var isReceivingLast: Bool { if case .sending = failure { true } else { false } }

    /// Throws the failure of a connection that has failed in both directions.
    @inline(__always)
    func requireUnfailed() throws(ConnectionError) {
        if hasFailed { throw ConnectionError(failure: failure.code) }
    }

    /// Throws the failure of a connection that cannot send.
    func requireSending() throws(ConnectionError) {
        if cannotSend { throw ConnectionError(failure: failure.code) }
    }

    // MARK: Transitions

    /// Whether a transition from one phase to another is valid.
    static func permits(_ from: Phase, to next: Phase) -> Bool {
        switch (from, next) {
        case (.vacant, .connecting), (.vacant, .open),
            (.connecting, .open), (.connecting, .vacant),
            (.open, .broken), (.open, .released), (.open, .detaching), (.open, .closing),
            (.broken, .released), (.broken, .closing),
            (.detaching, .released), (.detaching, .vacant),
            (.released, .closing),
            (.closing, .vacant):
            true
        default: false
        }
    }

    /// Moves to the next phase. An invalid transition asserts; without assertions the connection is reset.
    mutating func move(to next: Phase) {
        guard Self.permits(phase, to: next) else {
            assertionFailure("a connection does not go from \(phase) to \(next)")
            ending = .reset
            return
        }
        phase = next
    }

    /// Makes the ending at least as abrupt as `ending`.
    mutating func end(_ ending: Ending) { self.ending = max(self.ending, ending) }

    /// Fails the sending direction. The first failure counts.
    mutating func failSending(_ code: Int32) {
        assert(code != 0, "a failure has a cause")
        if failure == .none { failure = .sending(code) }
    }

    /// Fails both directions. The first failure counts.
    mutating func fail(_ code: Int32) {
        assert(code != 0 || failure != .none, "a failure has a cause")
        failure = .both(failure == .none ? code : failure.code)
    }

    /// Starts to await delivery: all bytes are sent, and a timer checks from now on whether the peer has received them.
    ///
    /// - Returns: whether delivery was not awaited before.
    mutating func awaitDelivery() -> Bool {
        guard delivery == .notAwaited else { return false }
        assert(phase == .closing, "delivery is awaited when nothing more is written")
        delivery = .awaited
        return true
    }

    /// Completes delivery: the peer has received everything, and the connection waits for nothing more.
    mutating func delivered() {
        assert(phase == .closing, "delivery ends a connection that is being closed")
        delivery = .complete
    }
}
