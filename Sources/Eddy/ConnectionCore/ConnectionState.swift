internal import EddyBuffers

/// Everything that the loop knows of one connection. No object, no allocation.
///
/// Its parts are values that own their data and transitions: ``Lifecycle``, ``ReceiveSide``, ``SendSide``, ``Drain``. A
/// transition that concerns more than one of them is a method here. It returns the ``ConnectionEffects`` that the
/// ``ConnectionDriver`` performs.
struct ConnectionState {
    var lifecycle = Lifecycle()
    var receiving = ReceiveSide()
    var sending = SendSide()
    var drain = Drain()
    /// Whether a ``ConnectionTransform`` lies between the socket and the user.
    var transform = Transform.none
    /// The connection that what is received here is relayed to.
    var relay: RelayLink?
    /// -1 once it is closed, which that of a broken connection may be before its ``Connection`` is gone.
    var descriptor: Int32 = -1
    var generation: UInt32 = 0
    /// Operations submitted whose last completion has not come.
    var operations: UInt8 = 0
    /// The listener that accepted the connection.
    var listener: ListenerID?
    /// The connector that makes this connection, or that gives up when this connection breaks.
    var connector: ConnectorID?
    /// The timeouts and what they are measured from, if there are any.
    var deadlines: DeadlinesID?
    /// Bytes that the handler has read and that have been sent, for a look at whether anything moves. Wraps.
    var movedBytes: UInt32 = 0
    var nextVacant = VacantSlot.end

    enum Transform: UInt8, Sendable {
        case none
        /// The task that has installed it waits; nothing is written yet.
        case handshaking
        case ready
    }

    /// The other connection of a relay.
    struct RelayLink: Equatable {
        let peer: ConnectionID
        /// Whether the task that waits for the relay's end is this connection's reader.
        var holdsWaiter = false
    }

    /// A server that shuts down, and the message that is under way.
    struct Drain: Equatable {
        /// The server shuts down: neither the peer's next message is waited for, nor its end.
        var isDraining = false
        /// Something was received since something was last written: a message is under way, or its answer.
        var isUnanswered = false
        /// One task reads and another writes: what is written says nothing of what was read.
        var isUsedConcurrently = false

        /// Whether the server shuts down and no message is under way: the reader comes to an end, though its peer has not.
        @inline(__always)
        var isComplete: Bool { isDraining && !isUnanswered && !isUsedConcurrently }
    }

    @inline(__always)
    var isRelaying: Bool { relay != nil }

    /// Whether the kernel must be asked for nothing more.
    var isIdle: Bool { operations == 0 }

    /// A second reader would take the place of the first, or its bytes, and the first waited for ever. A relay reads
    /// both of its connections.
    func requireNoReader() {
        require(
            !receiving.hasReader && (relay?.holdsWaiter ?? true),
            "one task at a time reads a connection; do not read it and its chunks at once"
        )
    }

    /// A task waits to be resumed as the reader.
    @inline(__always)
    mutating func suspendReader(_ reader: Waiter) {
        requireNoReader()
        receiving.suspend(reader)
    }

    /// What cancelled one side alone is over with that side's task.
    mutating func clearCancellation() {
        receiving.clearCancellation()
        sending.isCancelled = false
    }

    /// Whether a task that uses the connection was cancelled.
    var isCancelled: Bool { receiving.interruption == .cancelled || sending.isCancelled }

    // MARK: Questions of more than one part

    /// Whether a receive may be submitted, if there is room for what it brings.
    @inline(__always)
    var mayReceive: Bool { receiving.mayArm && !lifecycle.hasFailed }

    /// Whether a read would not wait: there are bytes, the end, a failure or an interruption.
    @inline(__always)
    var isReadable: Bool {
        !receiving.queue.isEmpty || receiving.endsWait || lifecycle.hasFailed || drain.isComplete
    }

    /// Whether nothing more comes for the reader of a message.
    var hasStoppedReceiving: Bool {
        lifecycle.hasFailed || receiving.queue.isEmpty && drain.isComplete || receiving.endsWait
    }

    /// Whether nothing is being received from an open connection that could still be reset.
    var mayBreakUnnoticed: Bool {
        !receiving.isArmed && lifecycle.phase == .open && !lifecycle.cannotSend && !hasEndedBothWays
    }

    /// Whether both sides have sent FIN.
    var hasEndedBothWays: Bool { receiving.input == .ended && sending.output == .finSent }

    /// Whether the connection is being closed, and not reset.
    var isFinishing: Bool { lifecycle.phase == .closing && lifecycle.ending != .reset }

    // MARK: Transitions

    /// Both directions have failed. The first failure counts.
    mutating func fail(_ code: Int32) -> ConnectionEffects {
        guard !lifecycle.hasFailed else { return [] }
        lifecycle.fail(code)
        // Also of a connection that is being closed, if something is left: its peer must not take a part for the whole.
        if lifecycle.phase == .open || !sending.queue.isEmpty { lifecycle.end(.reset) }
        var effects: ConnectionEffects = [.failConnector, .failRelay, .resumeReader, .resumeWriter]
        if lifecycle.phase == .open {
            lifecycle.move(to: .broken)
            effects.insert(.closeDescriptor)
        }
        return effects
    }

    /// Nothing can be sent any more. The system keeps what was received before a reset until it is read (tcp(7) does not
    /// say so; recv(2) returns it first and the error afterwards), so the connection is broken only when that has been
    /// received. The task that waits to write is told now.
    mutating func failSending(_ code: Int32) -> ConnectionEffects {
        guard !lifecycle.cannotSend else { return [] }
        guard lifecycle.phase == .open, !receiving.isOver, receiving.interruption != .cancelled else {
            return fail(code)
        }
        lifecycle.failSending(code)
        // A multishot receive that has taken the last bytes waits to be woken once more, and a dead socket wakes nothing:
        // single ones come to the end.
        var effects: ConnectionEffects = [.resumeWriter, .limitRelay, .cancelReceive, .armReceive]
        if !sending.isInFlight { effects.insert(.dropQueued) }
        return effects
    }

    /// The owner has released the connection, and the loop begins to close it.
    mutating func beginClosing() -> ConnectionEffects {
        lifecycle.move(to: .closing)
        // The peer's end is waited for, also by a task that was cancelled.
        receiving.clearCancellation()
        // What could not be sent is missing: the peer must not take the rest for the whole. What a broken connection still
        // holds is not waited for.
        if lifecycle.cannotSend {
            lifecycle.end(.reset)
            lifecycle.fail(lifecycle.failure.code)
        }
        // An iterator of its chunks may wait elsewhere.
        return [.resumeReader, .resumeWriter, .dropReceived]
    }

    /// The peer's FIN has come, or the end of a stream that has broken: a send was told of the error, and the receive is
    /// not.
    mutating func receivedEnd() -> ConnectionEffects {
        if lifecycle.cannotSend { return fail(lifecycle.failure.code) }
        receiving.receivedEnd()
        return isRelaying ? .endRelayDirection : .resumeReader
    }

    /// This side reads no more.
    mutating func endReading() -> ConnectionEffects {
        receiving.discard()
        return [.resumeReader, .dropReceived, .armReceive]
    }

    /// FIN is sent if it is due.
    mutating func endSendingIfDue() -> ConnectionEffects {
        guard sending.isEndDue, !lifecycle.cannotSend else { return [] }
        sending.sentEnd()
        return [.shutDownWriting, .resumeWriter, .finishRelay]
    }

    /// The task that uses the connection is being cancelled: its waits end.
    mutating func cancel(_ sides: ConnectionSides) -> ConnectionEffects {
        switch lifecycle.phase {
        case .open where isRelaying:
            // The other connection's bytes are under way here, and no task would send the rest.
            return reset(ConnectionError.cancelledCode)
        case .open, .detaching:
            var effects: ConnectionEffects = []
            if sides.contains(.reading) {
                receiving.interrupt()
                effects.formUnion([.cancelReceive, .resumeReader])
            }
            if sides.contains(.writing) {
                sending.isCancelled = true
                effects.insert(.resumeWriter)
            }
            return effects
        case .connecting, .broken, .released, .closing, .vacant: return []
        }
    }

    /// The connection is reset, at once if its owner is gone.
    mutating func reset(_ code: Int32) -> ConnectionEffects {
        lifecycle.end(.reset)
        return fail(code).union(.continueClosing)
    }

    /// The server shuts down.
    ///
    /// - Parameter holdsBytes: whether the socket holds bytes: a message is under way.
    mutating func beginDraining(holdsBytes: @autoclosure () -> Bool) -> ConnectionEffects {
        drain.isDraining = true
        switch lifecycle.phase {
        case .open:
            if drain.isComplete, holdsBytes() { drain.isUnanswered = true }
            return drain.isComplete ? .resumeReader : []
        case .closing: return .continueClosing
        case .connecting, .broken, .detaching, .released, .vacant: return []
        }
    }

    /// An operation of a connection that is on its way out has ended.
    func continueEnding() -> ConnectionEffects {
        switch lifecycle.phase {
        case .closing: .continueClosing
        case .broken: .closeDescriptor
        case .detaching where isIdle: .resumeReader
        default: []
        }
    }

    /// What a connection that is being closed waits for next.
    mutating func closingStep() -> ClosingStep {
        guard lifecycle.phase == .closing else { return .none }
        guard lifecycle.ending != .reset, !lifecycle.hasFailed, lifecycle.delivery != .complete else { return .finish }
        guard sending.queue.isEmpty else { return .wait }
        switch lifecycle.ending {
        case .graceful:
            // The end of a transformed stream may have come before FIN: then a receive still waits for that.
            if receiving.input == .ended, !receiving.isArmed { return .finish }
            let sendsEnd = sending.output != .finSent
            if sendsEnd { sending.sentEnd() }
            // A peer that keeps its connections for later may not close for long.
            return .awaitPeer(sendsEnd: sendsEnd, awaitsDelivery: drain.isDraining && lifecycle.awaitDelivery())
        case .resetAfterFlush: return lifecycle.awaitDelivery() ? .awaitDelivery : .wait
        case .reset: return .finish
        }
    }

    enum ClosingStep: Equatable {
        /// The connection is not being closed.
        case none
        /// What is under way is waited for, and the peer is read meanwhile.
        case wait
        /// The peer's FIN, or its silence after a delivery, is waited for.
        case awaitPeer(sendsEnd: Bool, awaitsDelivery: Bool)
        /// Everything is sent; the peer's acknowledgement is waited for.
        case awaitDelivery
        /// What is in flight is cancelled, and the socket closed.
        case finish
    }
}

/// What a task does with a connection.
struct ConnectionSides: OptionSet, Sendable {
    let rawValue: UInt8
    static let reading = ConnectionSides(rawValue: 1 << 0)
    static let writing = ConnectionSides(rawValue: 1 << 1)
    static let both: ConnectionSides = [.reading, .writing]
}
