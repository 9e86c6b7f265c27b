import EddyRing
import Glibc
import Testing

/// Connecting, as every engine does it.
@Suite("contract: connect", .timeLimit(.minutes(1)))
struct ConnectContractTests {
    private let token = OperationToken(kind: 1)

    /// Submits a connect whose address is gone when `enter` has returned.
    private func connect(_ descriptor: Int32, to address: SocketAddress, on ring: Ring) throws {
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
    }

    @Test("Who listens is reached, and the socket blocks as before", arguments: EngineKind.tested)
    func listening(engine: EngineKind) throws {
        let ring = try Ring(engine: engine, submissionEntries: 4, completionEntries: 8)
        let listener = try LoopbackListener()
        let client = try Socket.openStream(for: listener.address)
        defer { Socket.close(client) }
        try connect(client, to: listener.address, on: ring)
        let completion = try #require(try ring.completions(1).first)
        #expect(completion.result == 0)
        #expect(completion.isLast)
        #expect(Socket.remoteAddress(of: client) == listener.address)
        #expect(fcntl(client, F_GETFL) & O_NONBLOCK == 0)
    }

    @Test("Where nobody listens it is refused", arguments: EngineKind.tested)
    func refused(engine: EngineKind) throws {
        let ring = try Ring(engine: engine, submissionEntries: 4, completionEntries: 8)
        // Bound and not listening: the port is nobody else's.
        let bound = try Socket.openStream(for: .loopback(port: 0))
        try Socket.bind(bound, to: .loopback(port: 0))
        let address = try #require(Socket.localAddress(of: bound))
        let client = try Socket.openStream(for: address)
        try connect(client, to: address, on: ring)
        #expect(try ring.completions(1).map(\.error) == [.connectionRefused])
        Socket.close(client)
        Socket.close(bound)
    }

    @Test("One that gets no answer is cancelled", arguments: EngineKind.tested)
    func cancelled(engine: EngineKind) throws {
        let ring = try Ring(engine: engine, submissionEntries: 4, completionEntries: 8)
        // A listener whose backlog is full drops what comes.
        let listener = try LoopbackListener(backlog: 0)
        let crowd = try (0..<4).map { _ in try listener.connect() }
        usleep(10_000)
        let client = try Socket.openStream(for: listener.address)
        try connect(client, to: listener.address, on: ring)
        #expect(ring.nextCompletion() == nil)
        let last = try ring.cancelAll()
        #expect(last.map(\.error) == [.cancelled])
        #expect(last.allSatisfy { $0.token == token && $0.isLast })
        for descriptor in crowd + [client] { Socket.close(descriptor) }
    }
}
