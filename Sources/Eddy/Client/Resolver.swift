internal import EddySystem
internal import Synchronization

// getaddrinfo(3) blocks, for many seconds if a name server does not respond, so it never runs on a loop:
//
//     loops ──look up──▶ waiting names ──▶ up to 8 threads ──▶ the loops' inboxes
//                        ▲
//                        └ a name whose lookup is in progress is not looked up twice
//
// A thread is started when a name is waiting and fewer than 8 threads run; it ends when no name waits. A cancelled
// lookup is dropped, or, if a thread has begun it, finished and its answer discarded.

/// Resolves names on its own threads. One instance per process; callable on any thread.
final class Resolver: Sendable {
    static let shared = Resolver(lookUp: { name throws(AddressError) in try SocketAddress.lookUp(name) })

    typealias Answer = Result<[SocketAddress], AddressError>
    typealias LookUp = @Sendable (String) throws(AddressError) -> [SocketAddress]

    /// Identifies a lookup, to cancel it.
    struct Ticket: Sendable {
        fileprivate let name: String
        fileprivate let number: UInt64
    }

    private struct State {
        /// The callers that wait for each name that is queued or being looked up.
        var askers: [String: [UInt64: @Sendable (Answer) -> Void]] = [:]
        /// Names that no thread has begun, in order of arrival.
        var waiting: [String] = []
        var threads = 0
        var last: UInt64 = 0
    }

    private let state = Mutex(State())
    private let lookUp: LookUp
    private let maximumThreads: Int
    private let maximumWaiting: Int

    init(maximumThreads: Int = 8, maximumWaiting: Int = 4096, lookUp: @escaping LookUp) {
        self.lookUp = lookUp
        self.maximumThreads = maximumThreads
        self.maximumWaiting = maximumWaiting
    }

    /// Resolves `name` and calls `answer` once with its addresses (port 0): on a thread of the resolver, or at once on
    /// the calling thread if too many names are queued.
    func addresses(of name: String, _ answer: @escaping @Sendable (Answer) -> Void) -> Ticket {
        let (ticket, isFull, startsThread) = state.withLock { state in
            state.last += 1
            let ticket = Ticket(name: name, number: state.last)
            let isNew = state.askers[name] == nil
            guard !isNew || state.waiting.count < maximumWaiting else { return (ticket, true, false) }
            state.askers[name, default: [:]][ticket.number] = answer
            guard isNew else { return (ticket, false, false) }
            state.waiting.append(name)
            guard state.threads < maximumThreads else { return (ticket, false, false) }
            state.threads += 1
            return (ticket, false, true)
        }
        if isFull { answer(.failure(.unresolved(name: name, reason: "too many names wait for the resolver"))) }
        if startsThread { startThread() }
        return ticket
    }

    /// Cancels a lookup. Its answer may already be on its way.
    func cancel(_ ticket: Ticket) {
        state.withLock { state in
            state.askers[ticket.name]?[ticket.number] = nil
            // A name that a thread has begun keeps its empty entry, so that the next caller joins the lookup.
            guard state.askers[ticket.name]?.isEmpty == true,
                let index = state.waiting.firstIndex(of: ticket.name)
            else { return }
            state.waiting.remove(at: index)
            state.askers[ticket.name] = nil
        }
    }

    /// The number of names that no thread has begun.
    var waitingCount: Int { state.withLock(\.waiting.count) }

    private func startThread() {
        do {
            let (thread, _) = try SystemThread.start(name: "eddy-resolver", make: { () }, run: { self.work() })
            thread.detach()
        } catch {
            // No thread can be started. If none is running, fail the queued names.
            let abandoned = state.withLock { state in
                state.threads -= 1
                guard state.threads == 0 else { return [String]() }
                defer { state.waiting = [] }
                return state.waiting
            }
            for name in abandoned { tell(.failure(.unresolved(name: name, reason: "\(error)")), askersOf: name) }
        }
    }

    private func work() {
        while let name = next() {
            tell(Result { () throws(AddressError) in try lookUp(name) }, askersOf: name)
        }
    }

    /// The next name for a thread; nil when no name waits, and the thread ends.
    private func next() -> String? {
        state.withLock { state in
            guard !state.waiting.isEmpty else {
                state.threads -= 1
                return nil
            }
            return state.waiting.removeFirst()
        }
    }

    private func tell(_ answer: Answer, askersOf name: String) {
        let askers = state.withLock { $0.askers.removeValue(forKey: name) }
        for asker in askers?.values ?? [:].values { asker(answer) }
    }
}
