internal import EddySystem

// Happy eyeballs (RFC 8305): the addresses of a name are tried in order, each a short delay after the previous one, or
// at once when that has failed. The first that answers wins; the others are cancelled and closed.
//
//     name ──resolver──▶ A   B   C
//                        │   │   │
//     0 ms               ●   │   │      connecting
//     250 ms             │   ●   │      A has not answered: B starts
//     310 ms             │   ✕──▶●      B has failed: C at once
//     330 ms             ✓       ✕      A answers; C is cancelled
//
// Everything happens on the loop's thread: the resolver's answers arrive in the loop's inbox, the rest as completions
// and timers.

/// Establishes one connection. Loop thread only.
final class Connector: @unchecked Sendable {
    typealias Outcome = Result<ConnectionID, ConnectError>

    private let loop: EventLoop
    private let id: ConnectorID
    private let endpoint: Endpoint
    private let options: ConnectOptions
    private let deadline: Instant
    /// Untried addresses, the next one last.
    private var untried: [SocketAddress] = []
    private var connecting: [(id: ConnectionID, address: SocketAddress)] = []
    private var failed: [ConnectAttempt] = []
    /// A Unix domain socket whose backlog was full, and the number of attempts.
    private var backlogged: (address: SocketAddress, times: UInt64)?
    /// Whether an address was the server's own.
    private var metItself = false
    /// When the next address is tried concurrently.
    private var nextAttempt = Instant.distantFuture
    private var deadlineTimer: TimerID?
    private var attemptTimer: TimerID?
    private var lookup: Resolver.Ticket?
    private var outcome: Outcome?
    private var waiter: Waiter?

    init(to endpoint: Endpoint, _ options: ConnectOptions, id: ConnectorID, on loop: EventLoop) {
        self.endpoint = endpoint
        self.options = options
        self.id = id
        self.loop = loop
        deadline = loop.now.advanced(by: options.timeout ?? loop.configuration.connectTimeout)
    }

    func start() {
        guard outcome == nil else { return }
        deadlineTimer = loop.driver.timers.schedule(.connectDue(id), at: deadline)
        switch endpoint.target {
        case .address(let address): begin(with: [address])
        case .name(let name, let port):
            let (loop, id) = (loop, id)
            lookup = options.resolver.addresses(of: name) { answer in
                _ = loop.inbox.post(.work { loop.connectors[id]?.resolved(answer, port: port) })
            }
        }
    }

    /// The connection, which the caller now owns, or the error.
    func result() async -> Outcome {
        while true {
            if let outcome { return outcome }
            await Waiter.suspend { waiter = $0 }
        }
    }

    private func resolved(_ answer: Resolver.Answer, port: UInt16) {
        lookup = nil
        switch answer {
        case .success(let addresses): begin(with: interleavingFamilies(addresses).map { $0.withPort(port) })
        case .failure(let error): end(.failure(.address(error)))
        }
    }

    private func begin(with addresses: [SocketAddress]) {
        untried = addresses.reversed()
        tryNext()
    }

    // MARK: Attempts

    /// Starts the next attempt that does not fail at once. Ends when no address is left and no attempt is in progress.
    private func tryNext() {
        nextAttempt = .distantFuture
        loop.driver.timers.cancel(attemptTimer)
        while outcome == nil, let address = untried.popLast() {
            if let avoided = options.avoided, avoided.listens(for: address) {
                metItself = true
                continue
            }
            do {
                guard let connection = try loop.startConnecting(to: address, options, id) else {
                    return loopIsFull()
                }
                connecting.append((connection, address))
            } catch {
                failed.append(ConnectAttempt(address, error))
                continue
            }
            guard !untried.isEmpty else { return }
            let delay = max(options.attemptDelay, ConnectOptions.shortestAttemptDelay)
            nextAttempt = loop.now.advanced(by: delay)
            attemptTimer = loop.driver.timers.schedule(.connectDue(id), at: nextAttempt)
            return
        }
        guard outcome == nil, connecting.isEmpty else { return }
        end(.failure(metItself && failed.isEmpty ? .toItself(endpoint) : ConnectError(failed, of: endpoint)))
    }

    /// Attempts in progress may still succeed; no more can be started.
    private func loopIsFull() {
        untried = []
        if connecting.isEmpty { end(.failure(.tooManyConnections(limit: loop.configuration.maximumConnections))) }
    }

    /// Handles the end of one of this connector's connects.
    func connected(_ id: ConnectionID, _ error: SystemError?) {
        guard let index = connecting.firstIndex(where: { $0.id == id }) else { return }
        let (_, address) = connecting.remove(at: index)
        guard let error else { return end(.success(id)) }
        loop.discardConnecting(id)
        if error == .again, address.isUnix { return tryLater(address) }
        failed.append(ConnectAttempt(address, error))
        tryNext()
    }

    /// connect(2) fails at once if the backlog of a Unix domain socket is full and the socket is nonblocking. It is
    /// retried after 1, 2, 4 … 64 ms, until it succeeds or the time is up.
    private func tryLater(_ address: SocketAddress) {
        let times = (backlogged?.times ?? 0) + 1
        backlogged = (address, times)
        untried.append(address)
        nextAttempt = loop.now.advanced(byNanoseconds: 500_000 << min(times, 7))
        attemptTimer = loop.driver.timers.schedule(.connectDue(id), at: nextAttempt)
    }

    func timerFired() {
        let now = loop.now
        if now >= deadline {
            if let backlogged { failed.append(ConnectAttempt(backlogged.address, .timedOut)) }
            failed += connecting.map { ConnectAttempt($0.address, .timedOut) }
            end(.failure(.timedOut(endpoint, failed)))
        } else if now >= nextAttempt {
            tryNext()
        }
    }

    /// Ends with an outcome; attempts in progress are cancelled.
    func end(_ outcome: Outcome) {
        guard self.outcome == nil else { return }
        self.outcome = outcome
        if let lookup { options.resolver.cancel(lookup) }
        for (id, _) in connecting { loop.cancelConnecting(id) }
        connecting = []
        loop.driver.timers.cancel(deadlineTimer)
        loop.driver.timers.cancel(attemptTimer)
        loop.connectors.remove(id)
        waiter?.resume()
        waiter = nil
    }
}
