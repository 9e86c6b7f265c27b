// One loop accepts for all:
//
//     backlog ──▶ acceptor's loop ──┬──▶ itself
//                                   ├──▶ mailbox of loop 1
//                                   └──▶ mailbox of loop 2 …

/// Chooses the listener that gets the next connection. Belongs to the accepting listener; its loop's thread only.
struct Handover {
    let listeners: [Listener]
    let spreading: TCPServer.Options.Spreading
    private var turn = 0

    init(to listeners: [Listener], spreading: TCPServer.Options.Spreading) {
        self.listeners = listeners
        self.spreading = spreading
    }

    mutating func next() -> Listener {
        // Among listeners with as many connections each, too, they take turns.
        let first = turn
        turn = (turn + 1) % listeners.count
        guard spreading == .leastLoaded else { return listeners[first] }
        var least = listeners[first]
        for offset in 1..<max(1, listeners.count) {
            let other = listeners[(first + offset) % listeners.count]
            if other.load < least.load { least = other }
        }
        return least
    }
}
