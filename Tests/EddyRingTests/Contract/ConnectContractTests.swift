import EddyRing
import EddySystem
import Glibc
import Testing

/// Connecting, tested on every engine.
@Suite("contract: connect", .timeLimit(.minutes(5)))
struct ConnectContractTests {
    private let token = OperationToken(kind: 1)

    /// Submits a connect whose address memory is freed when `enter` has returned. The test closes the socket.
    private func connect(to address: SocketAddress, on ring: Ring) throws -> Int32 {
        let descriptor = try ring.openStream(for: address)
        try address.withSystemAddress { pointer, length in
            let copy = UnsafeMutableRawPointer.allocate(byteCount: length, alignment: 8)
            copy.copyMemory(from: pointer, byteCount: length)
            try ring.submit(
                .connect(descriptor: descriptor, address: copy, addressLength: length, token: token)
            )
            try ring.enter(waitFor: 0, deadline: nil)
            copy.initializeMemory(as: UInt8.self, repeating: 0xFF, count: length)
            copy.deallocate()
        }
        return descriptor
    }

    @Test("Connecting to a listener succeeds", arguments: TestedEngine.all)
    func listening(engine: TestedEngine) throws {
        let world = try World(engine)
        let listener = try world.listen()
        let client = try connect(to: listener.address, on: world.ring)
        let completion = try #require(try world.ring.completions(1).first)
        #expect(completion.result == 0)
        #expect(completion.isLast)
        #expect(world.ring.remoteAddress(of: client) == listener.address)
        world.ring.close(client)
    }

    // A simulated descriptor has no flags.
    @Test("A connected socket is still blocking", arguments: TestedEngine.real)
    func flags(engine: TestedEngine) throws {
        let world = try World(engine)
        let listener = try world.listen()
        let client = try connect(to: listener.address, on: world.ring)
        #expect(try world.ring.completions(1).map(\.result) == [0])
        #expect(fcntl(client, F_GETFL) & O_NONBLOCK == 0)
        world.ring.close(client)
    }

    @Test("Connecting to a port without a listener is refused", arguments: TestedEngine.all)
    func refused(engine: TestedEngine) throws {
        let world = try World(engine)
        // Bound but not listening: no other process gets the port.
        let bound = try world.bind()
        let client = try connect(to: bound.address, on: world.ring)
        #expect(try world.ring.completions(1).map(\.error) == [.connectionRefused])
        world.ring.close(client)
    }

    @Test("A connect without an answer can be cancelled", arguments: TestedEngine.all)
    func cancelled(engine: TestedEngine) throws {
        let world = try World(engine)
        // A listener with a full backlog drops connection requests.
        let listener = try world.listen(backlog: 0)
        let crowd = try (0..<4).map { _ in try world.dial(listener.address) }
        try world.runDelayedEvents()
        let client = try connect(to: listener.address, on: world.ring)
        #expect(world.ring.nextCompletion() == nil)
        let last = try world.ring.cancelAll()
        #expect(last.map(\.error) == [.cancelled])
        #expect(last.allSatisfy { $0.token == token && $0.isLast })
        for peer in crowd { peer.close() }
        world.ring.close(client)
    }
}
