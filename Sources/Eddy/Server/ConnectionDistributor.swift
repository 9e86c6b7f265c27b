// One loop accepts for all:
//
//     backlog ──▶ acceptor's loop ──┬──▶ itself
//                                   ├──▶ inbox of loop 1
//                                   └──▶ inbox of loop 2 …

/// Chooses the listener that gets the next connection. Owned by the accepting listener; its loop's thread only.
struct ConnectionDistributor {
    let listeners: [Listener]
    let balancing: TCPServer.Options.Balancing
    private var turn = 0

    init(to listeners: [Listener], balancing: TCPServer.Options.Balancing) {
        self.listeners = listeners
        self.balancing = balancing
    }

    mutating func next() -> Listener {
        // Listeners with equal numbers of connections take turns.
        let first = turn
        turn = (turn + 1) % listeners.count
        guard balancing == .leastLoaded else { return listeners[first] }
        var least = listeners[first]
        for offset in 1..<max(1, listeners.count) {
            let other = listeners[(first + offset) % listeners.count]
            if other.load < least.load { least = other }
        }
        return least
    }
}
