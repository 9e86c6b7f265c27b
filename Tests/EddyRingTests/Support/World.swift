import EddyTestSupport
import Glibc

@testable import EddyRing
@testable import EddySimulation
@testable import EddySystem

// What a contract test sees of its environment, the same for all engines:
//
//     test ── Ring ── near descriptor ══ connection ══ FarEnd: the peer, which runs in the background
//
//     kernel, epoll    sockets of this machine's loopback; a peer that takes long has a thread
//     simulated        sockets in memory; a peer acts whenever its socket changes, while the ring enters

/// A ring and the network around it.
final class World {
    let ring: Ring
    /// Nil if the system's network is used.
    private let network: SimulatedNetwork?
    private var lastPort: UInt16 = 7000

    init(_ engine: TestedEngine, submissionEntries: UInt32 = 8, completionEntries: UInt32 = 16) throws {
        guard engine.isSimulated else {
            network = nil
            ring = try Ring(
                engine: engine.kind,
                submissionEntries: submissionEntries,
                completionEntries: completionEntries
            )
            return
        }
        let network = SimulatedNetwork(seed: 1)
        if engine.hasFaults {
            network.faults[.shortReceive] = 3
            network.faults[.lateCompletion] = 4
            network.faults[.waitInterrupted] = 5
        }
        self.network = network
        ring = Ring(
            simulating: network,
            submissionEntries: submissionEntries,
            completionEntries: completionEntries
        )
    }

    deinit {
        network?.shutDown()
    }

    // MARK: Sockets

    /// A socket that has an address of its own and does not listen.
    func bind() throws -> BoundSocket {
        lastPort += 1
        let address = SocketAddress.loopback(port: network == nil ? 0 : lastPort)
        let descriptor = try ring.openStream(for: address)
        try ring.bind(descriptor, to: address)
        guard let address = ring.localAddress(of: descriptor) else { throw SystemError.current }
        return BoundSocket(descriptor: descriptor, address: address, ring: ring)
    }

    func listen(backlog: Int = 128) throws -> BoundSocket {
        let endpoint = try bind()
        if let network {
            network.listen(endpoint.descriptor, backlog: backlog)
        } else {
            try Socket.listen(endpoint.descriptor, backlog: Int32(backlog))
        }
        return endpoint
    }

    /// A peer that connects, without waiting for it.
    func dial(_ address: SocketAddress) throws -> any FarEnd {
        if let network { return SimulatedFarEnd(network.dial(address), ring: ring) }
        return try SystemFarEnd(connectingTo: address)
    }

    /// An established connection.
    func connect() throws -> Connection {
        if let network {
            let (near, far) = try network.connectedPair()
            return Connection(near: near, far: SimulatedFarEnd(far, ring: ring), ring: ring)
        }
        let listener = try listen()
        let far = try SystemFarEnd(connectingTo: listener.address)
        let near = accept(listener.descriptor, nil, nil)
        guard near >= 0 else { throw SystemError.current }
        _ = fcntl(near, F_SETFD, FD_CLOEXEC)
        // However large this machine lets send buffers grow, this one is full before a test has sent everything.
        try Socket.set(.sendBufferSize(256 << 10), on: near)
        return Connection(near: near, far: far, ring: ring)
    }

    // MARK: Time and descriptors

    /// Lets events that are in transit or delayed happen.
    func runDelayedEvents() throws {
        let deadline = ring.now.advanced(by: .milliseconds(200))
        if network == nil { usleep(10_000) }
        while network != nil, ring.now < deadline { try ring.enter(waitFor: .max, deadline: deadline) }
    }

    /// Runs `body` while no descriptor can be opened. Use it only in a process of a test's own.
    func withoutDescriptors<Success>(_ body: () throws -> Success) throws -> Success {
        guard let network else { return try EddyTestSupport.withoutDescriptors { Result { try body() } }.get() }
        let before = network.descriptorLimit
        network.descriptorLimit = 0
        defer { network.descriptorLimit = before }
        return try body()
    }
}

extension SimulatedNetwork {
    /// An established connection between the loop and a peer.
    fileprivate func connectedPair() throws -> (near: Int32, far: SimulatedSocket) {
        let near = SimulatedSocket(network: self, descriptor: -1)
        let far = SimulatedSocket(network: self, descriptor: -1)
        near.join(far, line, line)
        guard let descriptor = openDescriptor(for: near) else { throw SystemError.tooManyOpenFiles }
        return (descriptor, far)
    }
}
