typealias ListenerID = PlainID<Listener>

/// The listeners of a loop. Those of servers that have shut down leave their places to others.
struct ListenerTable {
    private var listeners: [Listener?] = []

    /// A place for one more listener.
    var vacantID: ListenerID {
        ListenerID(index: UInt32(listeners.firstIndex { $0 == nil } ?? listeners.count))
    }

    subscript(id: ListenerID) -> Listener? {
        get { listeners[Int(id.index)] }
        set {
            if Int(id.index) == listeners.count { listeners.append(nil) }
            listeners[Int(id.index)] = newValue
        }
    }

    var isEmpty: Bool { listeners.allSatisfy { $0 == nil } }

    func forEach(_ body: (Listener) -> Void) {
        for case let listener? in listeners { body(listener) }
    }
}
