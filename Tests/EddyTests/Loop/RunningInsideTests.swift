import Eddy
import Synchronization
import Testing

@testable import Eddy

/// A task that waits to read polls the ring itself while no other task is ready, and yields at once when one is.
@Suite("loop: inline polling", .serialized, .timeLimit(.minutes(5)))
struct RunningInsideTests {
    /// Waits for bytes, and so polls the ring inline; then echoes them.
    private static func withWaitingEcho(
        _ body: (EventLoop, TCPServer, Peer) async throws -> Void
    ) async throws {
        try await withServer { server in
            let peer = try await Peer.connect(to: server.address)
            try await peer.send([0])
            #expect(try await peer.receive(1) == [0])
            let loop = server.group.loops[0]
            let inside = Channel<Bool>()
            try await eventually {
                _ = loop.post { inside.send(loop.driver.pollingReader.value != nil) }
                return try await inside.next()
            }
            try await body(loop, server, peer)
            try await peer.send([1, 2, 3])
            #expect(try await peer.receive(3) == [1, 2, 3])
        }
    }

    @Test("Jobs from other threads run in between, and the task resumes after them")
    func jobs() async throws {
        try await Self.withWaitingEcho { loop, _, peer in
            for number in 0..<UInt8(100) {
                #expect(await loop.run { loop.isCurrent })
                try await peer.send([number])
                #expect(try await peer.receive(1) == [number])
            }
        }
    }

    /// Queries servers of its own on behalf of other tasks.
    private actor Client {
        private var answers = 0

        func ask(_ address: SocketAddress, by way: Way, on loop: EventLoop) async throws -> [UInt8] {
            try await loop.connect(to: address) { connection in
                var answer: [UInt8] = []
                switch way {
                case .read: if let bytes = try await connection.read() { answer = Array(bytes) }
                case .exactly: if let bytes = try await connection.read(exactly: 1) { answer = Array(bytes) }
                case .chunks: for try await bytes in connection.chunks.prefix(1) { answer = Array(bytes) }
                }
                // Code that uses the actor's state must run on the actor.
                answers += 1
                return answer
            }
        }
    }

    enum Way: CaseIterable { case read, exactly, chunks }

    @Test("A task that waits within an actor leaves the actor to others", arguments: Way.allCases)
    func withinActor(way: Way) async throws {
        let (first, second) = (try PeerListener(), try PeerListener())
        try await withLoops { group in
            let (loop, client) = (group.next(), Client())
            let asksFirst = Task(executorPreference: loop) { try await client.ask(first.address, by: way, on: loop) }
            let answersFirst = try await first.accept()
            let asksSecond = Task(executorPreference: loop) { try await client.ask(second.address, by: way, on: loop) }
            let answersSecond = try await second.accept()
            // Both wait soon. The one that waits longer is answered while the other one still waits.
            try await Task.sleep(for: .milliseconds(50))
            try await answersFirst.send([1])
            #expect(try await asksFirst.value == [1])
            try await answersSecond.send([2])
            #expect(try await asksSecond.value == [2])
        }
    }

    @Test("Timers fire in between")
    func timers() async throws {
        try await Self.withWaitingEcho { loop, _, _ in
            for _ in 0..<10 {
                try await loop.run { try await loop.sleep(for: .milliseconds(1)) }
            }
        }
    }

    @Test("Accepting connections and closing dropped ones continue in between")
    func connections() async throws {
        try await Self.withWaitingEcho { _, server, _ in
            for number in 0..<UInt8(20) {
                let other = try await Peer.connect(to: server.address)
                try await other.send([number])
                #expect(try await other.receive(1) == [number])
                other.finish()
                #expect(try await other.receiveAll().isEmpty)
            }
        }
    }

    @Test("The server's shutdown ends a handler that waits")
    func shutdown() async throws {
        let failure = Mutex<ConnectionError?>(nil)
        let handler: TCPServer.Handler = { connection in
            do {
                while let bytes = try await connection.read() { try await connection.write(bytes) }
            } catch {
                failure.withLock { $0 = error as? ConnectionError }
                throw error
            }
        }
        try await withServer(grace: .zero, handler: handler) { server in
            let peer = try await Peer.connect(to: server.address)
            try await peer.send([1])
            #expect(try await peer.receive(1) == [1])
            server.shutDown(grace: .zero)
            #expect(try await peer.receiveUntilBroken().error == .connectionReset)
        }
        #expect(failure.withLock { $0 } == .shutDown)
    }
}
