internal import Synchronization

// The listeners of a server share one limit of connections:
//
//     accepted ──▶ acquire ── below the limit ──▶ served ──▶ closed ──▶ release ──▶ wake paused listeners
//                    │ at the limit
//                    ├── refuse: closed at once
//                    └── pause:  the listener cancels its accept and waits for room
//
// A listener that pauses registers before it checks the count; a release decrements the count before it checks for
// paused listeners. Both are sequentially consistent, so no listener waits while there is room.

/// The limit of connections that all listeners of a server share.
final class ConnectionLimiter: Sendable {
    let limit: Int
    /// The number of connections that may wait to be accepted.
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

    /// Whether there is no room for another connection.
    var isFull: Bool { isLimited && connections.load(ordering: .sequentiallyConsistent) >= limit }

    /// Whether a full backlog could exceed the remaining room. A multishot accept would accept all of it before it could
    /// be cancelled, and the descriptors might be needed by the connections that are being served.
    var isNearlyFull: Bool { isLimited && limit - connections.load(ordering: .relaxed) < backlog }

    /// Counts a connection; returns false at the limit.
    func acquire() -> Bool {
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

    /// Uncounts a connection that has closed.
    func release() {
        guard isLimited else { return }
        connections.subtract(1, ordering: .sequentiallyConsistent)
        if hasPaused.load(ordering: .sequentiallyConsistent) { wakePaused() }
    }

    /// Resumes the listener once there may be room.
    func resumeWhenAvailable(_ listener: Listener) {
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
            _ = listener.loop.inbox.post(.work { listener.resumeAccepting() })
        }
    }
}
