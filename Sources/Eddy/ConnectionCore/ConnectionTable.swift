internal import EddyRing

/// The connections of a loop. Loop thread only.
///
/// A slot is vacated after the last completion of the connection's operations, and its timers are cancelled then.
/// Events that may come later check ``SlotTable/isCurrent(_:)``: a task's cancellation, another thread's message,
/// chunks, the sender of a file, a zero-copy notification.
typealias ConnectionTable = SlotTable<ConnectionState>

extension ConnectionState: SlotElement {
    typealias ID = ConnectionID

    /// 5,000 idle connections take 5,120 slots.
    static var segmentSize: Int { 256 }
}

extension SlotTable<ConnectionState> {
    /// Occupies a vacant slot for a descriptor.
    func occupy(descriptor: Int32, phase: Lifecycle.Phase) -> ConnectionID {
        let id: ConnectionID = occupy()
        var state = ConnectionState()
        state.generation = id.generation
        state.descriptor = descriptor
        state.lifecycle = Lifecycle(phase)
        self[id] = state
        return id
    }

    /// Ends a connection: its identifier is stale from now on.
    func remove(_ id: ConnectionID) {
        self[id].lifecycle.move(to: .vacant)
        self[id].descriptor = -1
        self[id].generation = (id.generation + 1) & OperationToken.generationMask
        assert(
            self[id].receiving.queue.isEmpty && self[id].sending.queue.isEmpty,
            "queues are dropped before their slot"
        )
        vacate(id)
    }

    /// Whether the slot still belongs to the connection that the identifier was made for.
    func isCurrent(_ id: ConnectionID) -> Bool {
        self[id].generation == id.generation && self[id].lifecycle.phase != .vacant
    }

    /// Calls `body` with every connection.
    func forEachConnection(_ body: (ConnectionID) -> Void) {
        for index in 0..<capacity {
            let id = id(at: index)
            if self[id].lifecycle.phase != .vacant { body(id) }
        }
    }
}
