// From a connection's descriptor to its close:
//
//     connecting ──▶ open ──────────▶ released ──▶ closing ──▶ (vacant)
//          │          │ ▲              ▲
//          │          │ └── detaching ─┼──▶ (vacant: the descriptor is the program's)
//          │          ▼                │
//          │        broken ────────────┘
//          └──▶ (vacant)
//
//     ending      graceful ──▶ resetAfterFlush ──▶ reset              never back
//     failure     none ──▶ sending ──▶ both                           the first cause counts
//     delivery    notAwaited ──▶ awaited ──▶ complete                 only while closing

/// Where a connection is in its life, and how it ends.
struct Lifecycle: Equatable, Sendable {
    enum Phase: UInt8, CaseIterable, Sendable {
        /// The slot is in use by no connection.
        case vacant
        case connecting
        /// A ``Connection`` owns it.
        case open
        /// A ``Connection`` owns it, and it has failed: its descriptor and what it had to send are gone, or go as soon as
        /// nothing is in flight. What was received before can still be read.
        case broken
        /// The ``Connection`` is gone; the loop has not looked yet.
        case released
        /// The ``Connection`` is gone; what it left is being finished.
        case closing
        /// The ``Connection`` is being given up for its descriptor, which Eddy does not close.
        case detaching
    }

    /// How a connection ends once its ``Connection`` is gone.
    enum Ending: UInt8, CaseIterable, Comparable, Sendable {
        /// Send what is queued, then FIN; wait for the peer's FIN.
        case graceful
        /// Send what is queued, wait until the peer has acknowledged it, then reset.
        case resetAfterFlush
        /// Reset now, whatever is queued.
        case reset

        static func < (left: Ending, right: Ending) -> Bool { left.rawValue < right.rawValue }
    }

    /// Why a connection broke: an error number of the system, or a negative code of ``ConnectionError``'s own.
    enum Failure: Equatable, Sendable {
        case none
        /// Nothing can be sent any more. What the socket still holds is received first.
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
        /// All is sent; a timer asks whether the peer has received it.
        case awaited
        /// It has, and nothing more is waited for.
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
    /// Whether nothing can be sent any more.
    @inline(__always)
    var cannotSend: Bool { failure != .none }
    /// Whether what the socket holds is received before the failure counts.
    var isReceivingLast: Bool { if case .sending = failure { true } else { false } }

    // MARK: Transitions

    /// Whether a connection may go from one phase to another.
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

    /// Goes to the next phase. A transition that must not happen asserts; without assertions the connection is reset.
    mutating func move(to next: Phase) {
        guard Self.permits(phase, to: next) else {
            assertionFailure("a connection does not go from \(phase) to \(next)")
            ending = .reset
            return
        }
        phase = next
    }

    /// The connection ends no more gently than so.
    mutating func end(_ ending: Ending) { self.ending = max(self.ending, ending) }

    /// Nothing can be sent any more. The first failure counts.
    mutating func failSending(_ code: Int32) {
        assert(code != 0, "a failure has a cause")
        if failure == .none { failure = .sending(code) }
    }

    /// Both directions have failed. The first failure counts.
    mutating func fail(_ code: Int32) {
        assert(code != 0 || failure != .none, "a failure has a cause")
        failure = .both(failure == .none ? code : failure.code)
    }

    /// All is sent: whether the peer has received it is asked from now on.
    ///
    /// - Returns: whether that is new.
    mutating func awaitDelivery() -> Bool {
        guard delivery == .notAwaited else { return false }
        assert(phase == .closing, "delivery is awaited when nothing more is written")
        delivery = .awaited
        return true
    }

    /// The peer has received everything, and nothing more is waited for.
    mutating func delivered() {
        assert(phase == .closing, "delivery ends a connection that is being closed")
        delivery = .complete
    }
}
