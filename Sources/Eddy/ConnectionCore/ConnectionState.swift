internal import EddyBuffers

/// The complete state of one connection. No object, no allocation.
///
/// Its parts are values that own their data and transitions: ``Lifecycle``, ``ReceiveSide``, ``SendSide``, ``Drain``. A
/// transition that involves more than one of them is a method here. It returns the ``ConnectionEffects`` for the
/// ``ConnectionDriver`` to perform.
struct ConnectionState {
    var lifecycle = Lifecycle()
    var receiving = ReceiveSide()
    var sending = SendSide()
    var drain = Drain()
    /// Whether a ``ConnectionTransform`` lies between the socket and the user.
    var transform = Transform.none
    /// The connection to which this one's received bytes are passed on: those in its send queue count as unread.
    var downstream: ConnectionID?
    /// -1 once closed. The descriptor of a broken connection may be closed before its ``Connection`` is gone.
    var descriptor: Int32 = -1
    var generation: UInt32 = 0
    /// Submitted operations whose last completion has not come.
    var operations: UInt8 = 0
    /// The listener that accepted the connection.
    var listener: ListenerID?
    /// The connector that makes this connection, or that gives up when this connection fails.
    var connector: ConnectorID?
    /// The timeouts and the times from which they are measured, if there are any.
    var deadlines: DeadlinesID?
    /// Bytes that the handler has read, plus bytes that have been sent, to check for progress. Wraps.
    var movedBytes: UInt32 = 0
    var nextVacant = VacantSlot.end

    enum Transform: UInt8, Sendable {
        case none
        /// The task that installed the transform waits; nothing has been written yet.
        case handshaking
        case ready
    }

    /// The shutdown of the server, and the message in progress.
    struct Drain: Equatable {
        /// The server shuts down: wait neither for the peer's next message nor for its FIN.
        var isDraining = false
        /// Bytes were received after the last write: a message or its answer is in progress.
        var isUnanswered = false
        /// One task reads and another writes: a write does not show which message was answered.
        var isUsedConcurrently = false

        /// Whether the server shuts down and no message is in progress: the reader gets EOF, though the peer has not
        /// sent FIN.
        @inline(__always)
        var isComplete: Bool { isDraining && !isUnanswered && !isUsedConcurrently }
    }

    /// Whether the kernel holds no operation of the connection.
    var isIdle: Bool { operations == 0 }

    /// Requires that no reader waits. A second reader would replace the first, or take its bytes, and the first would
    /// wait forever.
    func requireNoReader() {
        require(
            !receiving.hasReader,
            "one task at a time reads a connection; do not read it and its chunks at once"
        )
    }

    /// Registers a task as the reader to resume.
    @inline(__always)
    mutating func suspendReader(_ reader: Waiter) {
        requireNoReader()
        receiving.suspend(reader)
    }

    /// Clears the cancellation of one side when that side's task has ended.
    mutating func clearCancellation() {
        receiving.clearCancellation()
        sending.isCancelled = false
    }

    /// Whether a task that uses the connection was cancelled.
    var isCancelled: Bool { receiving.interruption == .cancelled || sending.isCancelled }

    // MARK: Queries that involve more than one part

    /// Whether a receive may be submitted, if there is room for the bytes that it brings.
    @inline(__always)
    var mayReceive: Bool { receiving.mayArm && !lifecycle.hasFailed }

    /// Whether a read would not wait, because of bytes, EOF, a failure or an interruption.
    @inline(__always)
    var isReadable: Bool {
        !receiving.queue.isEmpty || receiving.endsWait || lifecycle.hasFailed || drain.isComplete
    }

    /// Whether the reader of a message will get no more bytes.
    var hasStoppedReceiving: Bool {
        lifecycle.hasFailed || receiving.queue.isEmpty && drain.isComplete || receiving.endsWait
    }

    /// Whether no receive is in flight on an open connection that the peer could still reset.
    var mayBreakUnnoticed: Bool {
        !receiving.isArmed && lifecycle.phase == .open && !lifecycle.cannotSend && !hasEndedBothWays
    }

    /// Whether both sides have sent FIN.
    var hasEndedBothWays: Bool { receiving.input == .ended && sending.output == .finSent }

    /// Whether the connection is closing other than by a reset.
    var isFinishing: Bool { lifecycle.phase == .closing && lifecycle.ending != .reset }

    // MARK: Transitions

    /// Fails both directions. The first failure counts.
    mutating func fail(_ code: Int32) -> ConnectionEffects {
        guard !lifecycle.hasFailed else { return [] }
        lifecycle.fail(code)
        // This includes a closing connection with queued bytes: its peer must not mistake a part for the whole.
        if lifecycle.phase == .open || !sending.queue.isEmpty { lifecycle.end(.reset) }
        var effects: ConnectionEffects = [.failConnector, .resumeReader, .resumeWriter]
        if lifecycle.phase == .open {
            lifecycle.move(to: .broken)
            effects.insert(.closeDescriptor)
        }
        return effects
    }

    /// Fails the sending direction. The system keeps bytes received before a reset until they are read (tcp(7) does not
    /// say so; recv(2) returns them first and the error afterwards), so the connection is broken only after they have
    /// been received. The task that waits to write gets the failure now.
    mutating func failSending(_ code: Int32) -> ConnectionEffects {
        guard !lifecycle.cannotSend else { return [] }
        guard lifecycle.phase == .open, !receiving.isOver, receiving.interruption != .cancelled else {
            return fail(code)
        }
        lifecycle.failSending(code)
        // A multishot receive that has taken the last bytes waits for another wakeup, and a dead socket sends none.
        // Single receives reach the end.
        var effects: ConnectionEffects = [.resumeWriter, .callBack, .cancelReceive, .armReceive]
        if !sending.isInFlight { effects.insert(.dropQueued) }
        return effects
    }

    /// Begins to close the connection, which its owner has released.
    mutating func beginClosing() -> ConnectionEffects {
        lifecycle.move(to: .closing)
        // The close waits for the peer's FIN, even after a cancellation of the task.
        receiving.clearCancellation()
        // Bytes that could not be sent are missing: the peer must not mistake the rest for the whole. The close does
        // not wait for the bytes that a broken connection still holds.
        if lifecycle.cannotSend {
            lifecycle.end(.reset)
            lifecycle.fail(lifecycle.failure.code)
        }
        // An iterator over its chunks may still wait in another task.
        return [.resumeReader, .resumeWriter, .dropReceived]
    }

    /// Handles the peer's FIN, or the EOF of a failed stream: the system reports the error to a send, and not to the
    /// receive.
    mutating func receivedEnd() -> ConnectionEffects {
        if lifecycle.cannotSend { return fail(lifecycle.failure.code) }
        receiving.receivedEnd()
        return .resumeReader
    }

    /// Ends the receiving direction.
    mutating func endReading() -> ConnectionEffects {
        receiving.discard()
        return [.resumeReader, .dropReceived, .armReceive]
    }

    /// Sends FIN if it is due.
    mutating func endSendingIfDue() -> ConnectionEffects {
        guard sending.isEndDue, !lifecycle.cannotSend else { return [] }
        sending.sentEnd()
        return [.shutDownWriting, .resumeWriter, .callBack]
    }

    /// Ends the waits of the task that uses the connection, because it is being cancelled.
    mutating func cancel(_ sides: ConnectionSides) -> ConnectionEffects {
        switch lifecycle.phase {
        case .open where receiving.callback != nil:
            // The bytes of a relay's other connection are in progress here, and no task would send the rest.
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

    /// Resets the connection, at once if its owner is gone.
    mutating func reset(_ code: Int32) -> ConnectionEffects {
        lifecycle.end(.reset)
        return fail(code).union(.continueClosing)
    }

    /// Begins to drain the connection, because the server shuts down.
    ///
    /// - Parameter holdsBytes: whether the socket holds bytes, which means that a message is in progress.
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

    /// Continues the end of a connection after one of its operations has completed.
    func continueEnding() -> ConnectionEffects {
        switch lifecycle.phase {
        case .closing: .continueClosing
        case .broken: .closeDescriptor
        case .detaching where isIdle: .resumeReader
        default: []
        }
    }

    /// The next step in closing the connection.
    mutating func closingStep() -> ClosingStep {
        guard lifecycle.phase == .closing else { return .none }
        guard lifecycle.ending != .reset, !lifecycle.hasFailed, lifecycle.delivery != .complete else { return .finish }
        guard sending.queue.isEmpty else { return .wait }
        switch lifecycle.ending {
        case .graceful:
            // The end of a transformed stream may precede FIN: then a receive still waits for FIN.
            if receiving.input == .ended, !receiving.isArmed { return .finish }
            let sendsEnd = sending.output != .finSent
            if sendsEnd { sending.sentEnd() }
            // A peer that pools its connections may not close for a long time.
            return .awaitPeer(sendsEnd: sendsEnd, awaitsDelivery: drain.isDraining && lifecycle.awaitDelivery())
        case .resetAfterFlush: return lifecycle.awaitDelivery() ? .awaitDelivery : .wait
        case .reset: return .finish
        }
    }

    enum ClosingStep: Equatable {
        /// The connection is not being closed.
        case none
        /// Operations are in progress; keep reading from the peer meanwhile.
        case wait
        /// Wait for the peer's FIN, or for its silence after delivery.
        case awaitPeer(sendsEnd: Bool, awaitsDelivery: Bool)
        /// Everything is sent; wait for the peer's acknowledgement.
        case awaitDelivery
        /// Cancel the operations in flight, and close the socket.
        case finish
    }
}

/// The directions in which a task uses a connection.
struct ConnectionSides: OptionSet, Sendable {
    let rawValue: UInt8
    static let reading = ConnectionSides(rawValue: 1 << 0)
    static let writing = ConnectionSides(rawValue: 1 << 1)
    static let both: ConnectionSides = [.reading, .writing]
}
