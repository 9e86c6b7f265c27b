// The zero-copy sends of a loop that the kernel has not released. A send is in the table from its submission to its
// notification. Its slices are in the connection's queue until the first completion, and in the table afterwards; the
// connection may be gone by then.

/// Identifies a zero-copy send from its submission to its notification.
typealias ZeroCopySendID = PlainID<ZeroCopySend>

/// A zero-copy send whose last completion has not come.
struct ZeroCopySend {
    /// The connection, which may have ended by the time of the notification.
    var connection = ConnectionID(index: 0, generation: 0)
    /// Whether the first completion is outstanding: the connection's send is in flight.
    var isSending = false
    /// Sent slices that the kernel may still read.
    var held = SliceQueue()
    var nextVacant = VacantSlot.end
}

extension ZeroCopySend: SlotElement {
    typealias ID = ZeroCopySendID

    static var segmentSize: Int { 64 }
}

extension SlotTable<ZeroCopySend> {
    /// Adds a send that the connection is submitting.
    func begin(for connection: ConnectionID) -> ZeroCopySendID {
        let id = occupy()
        self[id] = ZeroCopySend(connection: connection, isSending: true)
        return id
    }

    /// Removes a send after its last completion.
    func end(_ id: ZeroCopySendID) {
        assert(!self[id].isSending && self[id].held.isEmpty, "a send ends after its completion and its notification")
        vacate(id)
    }

    /// Calls `body` with the slices of each send that the kernel may still read. Vacant slots hold no slices.
    func forEachHeld(_ body: (inout SliceQueue) -> Void) {
        for index in 0..<capacity { body(&self[id(at: index)].held) }
    }

    /// The send that a connection has in flight.
    func sending(for connection: ConnectionID) -> ZeroCopySendID? {
        for index in 0..<capacity {
            let id = id(at: index)
            if self[id].isSending, self[id].connection == connection { return id }
        }
        return nil
    }
}
