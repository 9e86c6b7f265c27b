internal import EddyRing
package import EddySystem
internal import Glibc

// A network in memory, with a clock of its own and a seed:
//
//     the loop                                 the network                           its peers
//     ────────                                 ───────────                           ─────────
//     Ring ── SimulatedEngine ── descriptors ── sockets ══ pipes ══ sockets ── whoever has opened them
//                                                  │
//                                  events, by their time: bytes arrive, connections are made or break,
//                                  completions are posted
//
// Time passes only when the loop enters: to the next event, or to the loop's deadline. Everything that is left to
// chance is drawn from one generator, in an order that the seed alone determines.

/// A network in memory. One thread only.
package final class SimulatedNetwork: ExternalNetwork, @unchecked Sendable {
    /// Nanoseconds of a clock that is as good as CLOCK_MONOTONIC.
    package private(set) var now: UInt64 = 1_000_000_000
    package var random: SeededGenerator
    package var faults = SimulatedFaultRates()
    package var census = SimulationCensus()
    package private(set) var trace: SimulationTrace
    /// Draws which connections are unplugged, and when; nil: none.
    package var unplugging: SeededGenerator?
    /// What connections are like that are made from now on.
    package var line = SimulatedLine()
    /// Descriptors that the process may have open.
    package var descriptorLimit = 1024
    /// A moment, and a number of calls of `enter`, by which everything must have ended.
    let timeLimit: UInt64 = 3_600_000_000_000
    let enterLimit = 2_000_000
    /// Called every now and then while the loop enters, for whoever wants to look at it.
    package var inspect: () -> Void = {}
    /// Told of what happens on the loop's sockets.
    package var observe: (SimulatedSocket, SimulatedSocketEvent) -> Void = { _, _ in }
    /// When the loop's thread worked, or stood still, instead of waiting.
    package private(set) var busy = SimulatedDelays()
    /// How long things that were late by chance took longer.
    package private(set) var lateness = SimulatedDelays()
    /// The moment at which the loop has ended its last wait. It knows of everything that had completed before.
    package private(set) var lastWait: UInt64 = 0
    /// Called when something is seen that must never be. It does not return.
    package var fail: (String) -> Never = { fatalError($0) }

    private var events = SimulatedEvents()
    private var descriptors: [SimulatedSocket?] = []
    private var listeners: [(address: SocketAddress, socket: SimulatedSocket)] = []
    private var servers: [(address: SocketAddress, accept: (SimulatedSocket) -> Void)] = []
    private var lastPeer: Int32 = 0
    /// Descriptors begin here, above all that the process really has.
    private static let firstDescriptor: Int32 = 100_000

    /// - Parameter log: gets a line for each thing that happens.
    package init(seed: UInt64, log: ((String) -> Void)? = nil) {
        random = SeededGenerator(seed: seed)
        trace = SimulationTrace(log: log)
    }

    /// Breaks the circles of what holds each other.
    package func shutDown() {
        events.removeAll()
        descriptors = []
        listeners = []
        servers = []
    }

    // MARK: Time

    package func schedule(at time: UInt64, _ action: @escaping () -> Void) {
        events.schedule(at: time, action)
    }

    package func schedule(in nanoseconds: UInt64, _ action: @escaping () -> Void) {
        events.schedule(at: now + nanoseconds, action)
    }

    var nextEventTime: UInt64? { events.nextTime }

    /// Lets time pass in which the loop works, or stands still; without what happens meanwhile.
    func work(for nanoseconds: UInt64) {
        now += nanoseconds
        busy.add(nanoseconds, until: now)
    }

    /// Lets time pass in which the loop waits; without what happens meanwhile.
    func wait(until time: UInt64) {
        now = max(now, time)
        lastWait = now
    }

    /// Does something later than it could be done.
    func delay(for nanoseconds: UInt64, _ action: @escaping () -> Void) {
        schedule(in: nanoseconds) { [weak self] in
            if let self { self.lateness.add(nanoseconds, until: self.now) }
            action()
        }
    }

    /// Lets happen what is due.
    func runDueEvents() {
        while let action = events.popDue(at: now) { action() }
        census[.eventOvertaken] = events.overtakings
    }

    /// Leaves to chance in which order things happen that are due at the same time.
    package func permuteEvents(_ order: SeededGenerator) { events.order = order }

    // MARK: Chance

    /// Whether a fault happens now.
    package func strikes(_ fault: SimulatedFault) -> Bool {
        let rate = faults[fault]
        guard rate > 0, random.once(in: rate) else { return false }
        census[fault] += 1
        return true
    }

    func note(_ numbers: (UInt64, UInt64, UInt64), _ words: @autoclosure () -> String) {
        trace.note((numbers.0 &+ now, numbers.1, numbers.2), "\(Self.format(now)) \(words())")
    }

    /// Notes what somebody outside of the network does.
    package func note(_ words: @autoclosure () -> String) {
        trace.note((now, 0, 0), "\(Self.format(now)) \(words())")
    }

    /// Microseconds since the start.
    private static func format(_ time: UInt64) -> String {
        let microseconds = String((time - 1_000_000_000) / 1000)
        return String(repeating: " ", count: max(0, 10 - microseconds.count)) + microseconds + " µs"
    }

    // MARK: Descriptors

    /// The descriptors that the loop has open.
    package var openDescriptors: [Int32] { descriptors.compactMap { $0?.descriptor } }

    func socket(_ descriptor: Int32) -> SimulatedSocket? {
        let index = Int(descriptor - Self.firstDescriptor)
        return descriptors.indices.contains(index) ? descriptors[index] : nil
    }

    /// Gives a socket the lowest descriptor that is free, as the system does; nil at the limit.
    func openDescriptor(for socket: SimulatedSocket) -> Int32? {
        let index = descriptors.firstIndex { $0 == nil } ?? descriptors.count
        guard index < descriptorLimit else { return nil }
        if index == descriptors.count { descriptors.append(nil) }
        descriptors[index] = socket
        socket.descriptor = Self.firstDescriptor + Int32(index)
        return socket.descriptor
    }

    private func use(_ descriptor: Int32, _ call: String) -> SimulatedSocket {
        guard let socket = socket(descriptor) else { fail("\(call) of descriptor \(descriptor), which is not open") }
        return socket
    }

    package func requireOpen(_ descriptor: Int32) { _ = use(descriptor, "setsockopt") }

    // MARK: Calls of the loop that do not wait

    package func openStream() throws(SystemError) -> Int32 {
        let socket = SimulatedSocket(network: self, descriptor: -1)
        guard let descriptor = openDescriptor(for: socket) else { throw .tooManyOpenFiles }
        return descriptor
    }

    package func bind(_ descriptor: Int32, to address: SocketAddress) {
        use(descriptor, "bind").localAddress = address
    }

    package func listen(_ descriptor: Int32, backlog: Int) {
        let socket = use(descriptor, "listen")
        guard let address = socket.localAddress else { fail("listen on a socket that has no address") }
        socket.backlog = []
        socket.backlogCapacity = backlog
        listeners.append((address, socket))
    }

    package func localAddress(of descriptor: Int32) -> SocketAddress? { use(descriptor, "getsockname").localAddress }
    package func remoteAddress(of descriptor: Int32) -> SocketAddress? { use(descriptor, "getpeername").remoteAddress }
    package func shutdownWrite(_ descriptor: Int32) {
        note((1, UInt64(descriptor), 0), "shutdown \(descriptor)")
        use(descriptor, "shutdown").shutdownWrite()
    }
    package func resetOnClose(_ descriptor: Int32) { use(descriptor, "setsockopt").resetsOnClose = true }
    package func unacknowledgedBytes(_ descriptor: Int32) -> Int? { use(descriptor, "SIOCOUTQ").unacknowledgedBytes }
    package func bytesToReceive(_ descriptor: Int32) -> Int { use(descriptor, "SIOCINQ").available }
    package func acknowledgedBytes(_ descriptor: Int32) -> UInt64 { use(descriptor, "TCP_INFO").acknowledgedBytes }
    package func takeError(of descriptor: Int32) -> SystemError? {
        socket(descriptor)?.takeError().map { SystemError(-$0) }
    }

    package func close(_ descriptor: Int32) {
        let socket = use(descriptor, "close")
        note((2, UInt64(descriptor), 0), "close \(descriptor)")
        guard socket.reading.isEmpty, socket.writing.isEmpty else {
            fail("descriptor \(descriptor) is closed before the last completion of its operations")
        }
        listeners.removeAll { $0.socket === socket }
        observe(socket, .closing)
        socket.close()
        descriptors[Int(descriptor - Self.firstDescriptor)] = nil
    }

    // MARK: Connections

    /// Has `accept` called with this end of each connection that is made to the address.
    package func serve(_ address: SocketAddress, _ accept: @escaping (SimulatedSocket) -> Void) {
        servers.append((address, accept))
    }

    /// A peer's end of a connection to the address; `onChange` says when it is made.
    package func dial(_ address: SocketAddress) -> SimulatedSocket {
        lastPeer -= 1
        let socket = SimulatedSocket(network: self, descriptor: lastPeer)
        connect(socket, to: address)
        return socket
    }

    /// Begins to connect. Faults strike the loop's own connections alone.
    func connect(_ socket: SimulatedSocket, to address: SocketAddress, mayFail: Bool = false) {
        if socket.localAddress == nil { socket.localAddress = nextLocalAddress() }
        socket.remoteAddress = address
        guard mayFail else { return knock(socket, attempt: 0) }
        if strikes(.connectBlackHoled) {
            // How long Linux goes on asking (tcp_syn_retries).
            return schedule(in: 127_000_000_000) { [weak socket] in socket?.failConnecting(ETIMEDOUT) }
        }
        if strikes(.connectUnreachable) {
            return schedule(in: line.latency) { socket.failConnecting(EHOSTUNREACH) }
        }
        if strikes(.connectRefused) {
            return schedule(in: 2 * line.latency) { socket.failConnecting(ECONNREFUSED) }
        }
        knock(socket, attempt: 0)
    }

    private var lastPort: UInt16 = 10_000

    private func nextLocalAddress() -> SocketAddress {
        lastPort = lastPort == .max ? 10_001 : lastPort + 1
        // 203.0.113.0/24 is for documentation (RFC 5737): nobody is on this machine.
        return .ipv4(0xCB00_7101, port: lastPort)
    }

    /// A segment that asks for a connection is on its way. A full backlog drops it; it is sent again after 1, 2, 4 … s.
    private func knock(_ socket: SimulatedSocket, attempt: Int) {
        schedule(in: line.latency) { [weak self, weak socket] in
            guard let self, let socket, !socket.isClosed else { return }
            if self.isBacklogFull(at: socket.remoteAddress) {
                self.census[.backlogFull] += 1
                guard attempt < 6 else { return socket.failConnecting(ETIMEDOUT) }
                return self.schedule(in: 1_000_000_000 << UInt64(attempt)) { [weak self, weak socket] in
                    guard let self, let socket, !socket.isClosed else { return }
                    self.knock(socket, attempt: attempt + 1)
                }
            }
            self.answer(socket)
        }
    }

    private func isBacklogFull(at address: SocketAddress?) -> Bool {
        guard let listener = listeners.first(where: { $0.address == address })?.socket else { return false }
        return listener.backlog?.count ?? 0 >= listener.backlogCapacity
    }

    private func answer(_ socket: SimulatedSocket) {
        let address = socket.remoteAddress
        let listener = listeners.first { $0.address == address }?.socket
        let server = servers.first { $0.address == address }
        guard listener != nil || server != nil else {
            return schedule(in: line.latency) { socket.failConnecting(ECONNREFUSED) }
        }
        lastPeer -= 1
        let other = SimulatedSocket(network: self, descriptor: lastPeer)
        other.localAddress = address
        other.remoteAddress = socket.localAddress
        socket.join(other, line, line)
        census.connections += 1
        unplugLater(socket)
        if let listener {
            listener.backlog?.append(other)
            observe(listener, .backlogChanged)
            listener.changed()
        } else {
            server?.accept(other)
        }
        schedule(in: line.latency) { socket.changed() }
    }

    /// Unplugs some connections, a while after they were made.
    private func unplugLater(_ socket: SimulatedSocket) {
        guard unplugging?.once(in: 3) == true, let delay = unplugging?.magnitude(0...3_000_000_000) else { return }
        schedule(in: UInt64(delay)) { [weak socket] in socket?.unplug() }
    }
}
