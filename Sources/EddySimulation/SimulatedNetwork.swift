internal import EddyRing
package import EddySystem
internal import Glibc

// A network in memory, with its own clock and a seed:
//
//     the loop                                 the network                           its peers
//     ────────                                 ───────────                           ─────────
//     Ring ── SimulatedEngine ── descriptors ── sockets ══ pipes ══ sockets ── the test's peers
//                                                  │
//                                  events, by their time: bytes arrive, connections open or break,
//                                  completions are posted
//
// Time advances only within `enter`: to the next event, or to the loop's deadline. All randomness comes from one
// generator, in an order that the seed alone determines.

/// A simulated network in memory. Not thread-safe.
package final class SimulatedNetwork: ExternalNetwork, @unchecked Sendable {
    /// The current time of the clock that replaces CLOCK_MONOTONIC.
    package private(set) var now = start
    private static let start = Instant(nanoseconds: 1_000_000_000)
    package var random: SeededGenerator
    package var faults = SimulatedFaultRates()
    package var counters = FaultCounters()
    package private(set) var trace: SimulationTrace
    /// Draws which connections are unplugged, and when; nil unplugs none.
    package var unplugging: SeededGenerator?
    /// The properties of future connections.
    package var line = SimulatedLine()
    /// The maximum number of open descriptors.
    package var descriptorLimit = 1024
    /// The time at which a run fails because it has not ended.
    let timeLimit = Instant(nanoseconds: 3_600_000_000_000)
    /// The number of calls of `enter` without a received byte at which a run fails. Byte by byte, and with a fault at
    /// most of the receives, it takes millions to receive half a megabyte.
    let enterLimit = 2_000_000
    /// Called periodically within `enter`, for tests that inspect the loop.
    package var inspect: () -> Void = {}
    /// Receives the events of the loop's sockets.
    package var observe: (SimulatedSocket, SimulatedSocketEvent) -> Void = { _, _ in }
    /// The times during which the loop's thread worked or stalled.
    package private(set) var busy = SimulatedDelays()
    /// The random delays.
    package private(set) var lateness = SimulatedDelays()
    /// The time at which the loop's last wait ended. The loop has seen every earlier completion.
    package private(set) var lastWait = Instant.distantPast
    /// Called when an invariant is violated. Must not return.
    package var fail: (String) -> Never = { fatalError($0) }

    private var events = SimulatedEvents()
    private var descriptors: [SimulatedSocket?] = []
    private var listeners: [(address: SocketAddress, socket: SimulatedSocket)] = []
    private var servers: [(address: SocketAddress, accept: (SimulatedSocket) -> Void)] = []
    private var lastPeer: Int32 = 0
    /// The first descriptor, above all real ones of the process.
    private static let firstDescriptor: Int32 = 100_000

    /// - Parameter log: receives a line for each event.
    package init(seed: UInt64, log: ((String) -> Void)? = nil) {
        random = SeededGenerator(seed: seed)
        trace = SimulationTrace(log: log)
    }

    /// Breaks reference cycles.
    package func shutDown() {
        events.removeAll()
        descriptors = []
        listeners = []
        servers = []
    }

    // MARK: Time

    package func schedule(at time: Instant, _ action: @escaping () -> Void) {
        events.schedule(at: time, action)
    }

    package func schedule(in nanoseconds: UInt64, _ action: @escaping () -> Void) {
        events.schedule(at: now.advanced(byNanoseconds: nanoseconds), action)
    }

    var nextEventTime: Instant? { events.nextTime }

    /// Advances time while the loop works or stalls, without running events.
    func work(for nanoseconds: UInt64) {
        now = now.advanced(byNanoseconds: nanoseconds)
        busy.add(nanoseconds, until: now)
    }

    /// Advances time while the loop waits, without running events.
    func wait(until time: Instant) {
        now = max(now, time)
        lastWait = now
    }

    /// Runs an action late.
    func delay(for nanoseconds: UInt64, _ action: @escaping () -> Void) {
        schedule(in: nanoseconds) { [weak self] in
            if let self { self.lateness.add(nanoseconds, until: self.now) }
            action()
        }
    }

    /// Runs the due events.
    func runDueEvents() {
        while let action = events.popDue(at: now) { action() }
        counters[.eventOvertaken] = events.overtakings
    }

    /// Randomizes the order of simultaneous events.
    package func permuteEvents(_ order: SeededGenerator) { events.order = order }

    // MARK: Chance

    /// Draws whether a fault occurs now, and counts it.
    package func strikes(_ fault: SimulatedFault) -> Bool {
        let rate = faults[fault]
        guard rate > 0, random.once(in: rate) else { return false }
        counters[fault] += 1
        return true
    }

    func note(_ numbers: (UInt64, UInt64, UInt64), _ words: @autoclosure () -> String) {
        trace.note((numbers.0 &+ now.nanoseconds, numbers.1, numbers.2), "\(Self.format(now)) \(words())")
    }

    /// Records an action outside of the network.
    package func note(_ words: @autoclosure () -> String) {
        trace.note((now.nanoseconds, 0, 0), "\(Self.format(now)) \(words())")
    }

    /// Formats the microseconds since the start.
    private static func format(_ time: Instant) -> String {
        let microseconds = String(start.nanoseconds(to: time) / 1000)
        return String(repeating: " ", count: max(0, 10 - microseconds.count)) + microseconds + " µs"
    }

    // MARK: Descriptors

    /// The loop's open descriptors.
    package var openDescriptors: [Int32] { descriptors.compactMap { $0?.descriptor } }

    func socket(_ descriptor: Int32) -> SimulatedSocket? {
        let index = Int(descriptor - Self.firstDescriptor)
        return descriptors.indices.contains(index) ? descriptors[index] : nil
    }

    /// Assigns the lowest free descriptor to a socket, as the kernel does; nil at the limit.
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

    // MARK: Non-blocking calls of the loop

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

    /// Calls `accept` with the server's end of each connection to the address.
    package func serve(_ address: SocketAddress, _ accept: @escaping (SimulatedSocket) -> Void) {
        servers.append((address, accept))
    }

    /// Opens a connection to the address and returns the peer's end; `onChange` reports when it is established.
    package func dial(_ address: SocketAddress) -> SimulatedSocket {
        lastPeer -= 1
        let socket = SimulatedSocket(network: self, descriptor: lastPeer)
        connect(socket, to: address)
        return socket
    }

    /// Begins to connect. Only the loop's own connections get faults.
    func connect(_ socket: SimulatedSocket, to address: SocketAddress, mayFail: Bool = false) {
        if socket.localAddress == nil { socket.localAddress = nextLocalAddress() }
        socket.remoteAddress = address
        guard mayFail else { return sendSYN(socket, attempt: 0) }
        if strikes(.connectBlackHoled) {
            // How long Linux retransmits a SYN (tcp_syn_retries).
            return schedule(in: 127_000_000_000) { [weak socket] in socket?.failConnecting(ETIMEDOUT) }
        }
        if strikes(.connectUnreachable) {
            return schedule(in: line.latency) { socket.failConnecting(EHOSTUNREACH) }
        }
        if strikes(.connectRefused) {
            return schedule(in: 2 * line.latency) { socket.failConnecting(ECONNREFUSED) }
        }
        sendSYN(socket, attempt: 0)
    }

    private var lastPort: UInt16 = 10_000

    private func nextLocalAddress() -> SocketAddress {
        lastPort = lastPort == .max ? 10_001 : lastPort + 1
        // 203.0.113.0/24 is reserved for documentation (RFC 5737), so it is never an address of this machine.
        return .ipv4(0xCB00_7101, port: lastPort)
    }

    /// Sends a SYN. A full backlog drops it; it is retransmitted after 1, 2, 4 … s.
    private func sendSYN(_ socket: SimulatedSocket, attempt: Int) {
        schedule(in: line.latency) { [weak self, weak socket] in
            guard let self, let socket, !socket.isClosed else { return }
            if self.isBacklogFull(at: socket.remoteAddress) {
                self.counters[.backlogFull] += 1
                guard attempt < 6 else { return socket.failConnecting(ETIMEDOUT) }
                return self.schedule(in: 1_000_000_000 << UInt64(attempt)) { [weak self, weak socket] in
                    guard let self, let socket, !socket.isClosed else { return }
                    self.sendSYN(socket, attempt: attempt + 1)
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
        counters.connections += 1
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

    /// Unplugs some connections at a random time after they were established.
    private func unplugLater(_ socket: SimulatedSocket) {
        guard unplugging?.once(in: 3) == true, let delay = unplugging?.magnitude(0...3_000_000_000) else { return }
        schedule(in: UInt64(delay)) { [weak socket] in socket?.unplug() }
    }
}
