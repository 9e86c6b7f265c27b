typealias ListenerID = PlainID<Listener>

/// The listeners of a loop. Slots of servers that have shut down are reused.
struct ListenerTable {
    private var listeners: [Listener?] = []

    /// A vacant slot.
    var vacantID: ListenerID {
        ListenerID(index: listeners.firstIndex { $0 == nil } ?? listeners.count)
    }

    subscript(id: ListenerID) -> Listener? {
        get { listeners[id.index] }
        set {
            if id.index == listeners.count { listeners.append(nil) }
            listeners[id.index] = newValue
        }
    }

    var isEmpty: Bool { listeners.allSatisfy { $0 == nil } }

    func forEachListener(_ body: (Listener) -> Void) {
        for case let listener? in listeners { body(listener) }
    }
}
