internal import Synchronization

// The listeners of a server share one limit of connections:
//
//     accepted ──▶ enter ── below the limit ──▶ served ──▶ closed ──▶ leave ──▶ wake the listeners that pause
//                    │ at the limit
//                    ├── refuse: closed at once
//                    └── pause:  the listener cancels its accept and waits for room
//
// Whoever pauses says so first and looks second, whoever leaves counts first and looks second, sequentially
// consistent: so no listener waits while there is room.

/// The limit of connections that all listeners of a server share.
final class Admission: Sendable {
    let limit: Int
    /// Connections that may wait to be accepted.
    private let backlog: Int
    let policy: TCPServer.Options.LimitPolicy
    private let connections = Atomic<Int>(0)
    private let paused = Mutex<[Listener]>([])
    private let hasPaused = Atomic<Bool>(false)

    init(_ options: TCPServer.Options) {
        limit = options.maximumConnections ?? .max
        backlog = options.backlog
        policy = options.atLimit
    }

    private var isLimited: Bool { limit != .max }

    /// Whether there is no room for a further connection.
    var isFull: Bool { isLimited && connections.load(ordering: .sequentiallyConsistent) >= limit }

    /// Whether all that may wait to be accepted could be more than there is room for: a multishot accept would accept them
    /// before anybody can stop it, and their descriptors might be those that the served ones need.
    var isNearlyFull: Bool { isLimited && limit - connections.load(ordering: .relaxed) < backlog }

    /// Counts a connection; false at the limit.
    func enter() -> Bool {
        guard isLimited else { return true }
        var count = connections.load(ordering: .sequentiallyConsistent)
        while count < limit {
            let (exchanged, original) = connections.compareExchange(
                expected: count,
                desired: count + 1,
                ordering: .sequentiallyConsistent
            )
            if exchanged { return true }
            count = original
        }
        return false
    }

    /// A connection that has entered is closed.
    func leave() {
        guard isLimited else { return }
        connections.subtract(1, ordering: .sequentiallyConsistent)
        if hasPaused.load(ordering: .sequentiallyConsistent) { wakePaused() }
    }

    /// Has the listener woken once there may be room.
    func awaitRoom(for listener: Listener) {
        paused.withLock { $0.append(listener) }
        hasPaused.store(true, ordering: .sequentiallyConsistent)
        if !isFull { wakePaused() }
    }

    private func wakePaused() {
        guard hasPaused.exchange(false, ordering: .sequentiallyConsistent) else { return }
        let listeners = paused.withLock { paused in
            defer { paused = [] }
            return paused
        }
        for listener in listeners {
            _ = listener.loop.mailbox.post(.work { listener.resumeAccepting() })
        }
    }
}
