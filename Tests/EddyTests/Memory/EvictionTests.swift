import Eddy
import EddyBuffers
import Testing

@testable import Eddy

/// Connections that hold all the memory do not keep others from being served.
@Suite("memory: eviction", .serialized, .timeLimit(.minutes(5)))
struct EvictionTests {
    private static func configuration() -> EventLoop.Configuration {
        var configuration = EventLoop.Configuration()
        configuration.pool = BufferPool.Configuration(receiveChunkSize: 64 << 10, maximumBytes: 4 << 20)
        configuration.starvationTimeout = .milliseconds(300)
        return configuration
    }

    /// A new client's requests are answered while others send endlessly.
    private func expectService(of server: TCPServer, besides count: Int, receiveBuffer: Int32? = nil) async throws {
        try await withThrowingTaskGroup { tasks in
            for _ in 0..<count {
                let flooder = try await Peer.connect(to: server.address, receiveBuffer: receiveBuffer)
                // Ends with an error: the server resets the connection.
                tasks.addTask { try? await flooder.send([UInt8](repeating: 0, count: 16 << 20)) }
            }
            for _ in 0..<3 {
                let newcomer = try await Peer.connect(to: server.address)
                for _ in 0..<20 {
                    try await newcomer.send([1, 2, 3])
                    #expect(try await newcomer.receive(3) == [1, 2, 3])
                }
                newcomer.close()
            }
            server.shutDown(grace: .zero)
            try await tasks.waitForAll()
        }
    }

    @Test("Peers that do not receive do not keep others from being served", arguments: FeatureSet.allCases)
    func stalledPeers(set: FeatureSet) async throws {
        try await withServer(set, configuration: Self.configuration()) { server in
            try await expectService(of: server, besides: 3, receiveBuffer: 4096)
        }
    }

    @Test("Handlers that do not read do not keep others from being served", arguments: FeatureSet.allCases)
    func handlersThatDoNotRead(set: FeatureSet) async throws {
        let gate = Gate()
        let handler: TCPServer.Handler = { connection in
            guard let first = try await connection.read() else { return }
            guard first[0] == 1 else { return await gate.wait() }
            try await connection.write(first)
            while let bytes = try await connection.read() { try await connection.write(bytes) }
        }
        let statistics = try await withServer(set, configuration: Self.configuration(), handler: handler) { server in
            defer { gate.open() }
            try await expectService(of: server, besides: 12)
        }
        #expect(statistics.connectionsAccepted == 15)
    }

    @Test("A message that can never fit is refused at once; the connection works on", arguments: FeatureSet.allCases)
    func greedyReaders(set: FeatureSet) async throws {
        let errors = Channel<ConnectionError>()
        let handler: TCPServer.Handler = { connection in
            do throws(ConnectionError) {
                _ = try await connection.read(exactly: 1 << 29)
            } catch {
                errors.send(error)
            }
            while let bytes = try await connection.read() { try await connection.write(bytes) }
        }
        try await withServer(set, configuration: Self.configuration(), handler: handler) { server in
            let peer = try await Peer.connect(to: server.address)
            #expect(try await errors.next() == .outOfMemory(needed: 1 << 29, limit: 2 << 20))
            try await peer.send([1, 2, 3])
            #expect(try await peer.receive(3) == [1, 2, 3])
        }
    }

    @Test("Large messages complete, regardless of how many begin at the same time", arguments: FeatureSet.allCases)
    func manyLargeMessages(set: FeatureSet) async throws {
        let size = 500_000
        let handler: TCPServer.Handler = { connection in
            while let message = try await connection.readFrame(limit: size) {
                try await connection.write("\(message.count),")
            }
        }
        var configuration = Self.configuration()
        configuration.starvationTimeout = .seconds(100)
        let statistics = try await withServer(set, configuration: configuration, handler: handler) { server in
            try await withThrowingTaskGroup { tasks in
                // Ten times what all connections may hold.
                for _ in 0..<20 {
                    tasks.addTask {
                        let peer = try await Peer.connect(to: server.address)
                        try await peer.send([0, 7, 0xA1, 0x20] + [UInt8](repeating: 1, count: size))
                        #expect(try await peer.receive(7) == Array("500000,".utf8))
                        peer.close()
                    }
                }
                try await tasks.waitForAll()
            }
        }
        #expect(statistics.connectionsEvicted == 0)
    }

    @Test(
        "Incomplete messages are shed, and a peer that completes its message gets an answer",
        arguments: FeatureSet.allCases
    )
    func abandonedMessages(set: FeatureSet) async throws {
        let size = 500_000
        let handler: TCPServer.Handler = { connection in
            while let message = try await connection.readFrame(limit: size) {
                try await connection.write("\(message.count),")
            }
        }
        let statistics = try await withServer(set, configuration: Self.configuration(), handler: handler) { server in
            var abandoned: [Peer] = []
            for _ in 0..<20 {
                let peer = try await Peer.connect(to: server.address)
                // As much as the sockets take, whether it is received or not.
                try await peer.send([0, 7, 0xA1, 0x20] + [UInt8](repeating: 1, count: 60_000))
                abandoned.append(peer)
            }
            let peer = try await Peer.connect(to: server.address)
            try await peer.send([0, 7, 0xA1, 0x20] + [UInt8](repeating: 1, count: size))
            #expect(try await peer.receive(7) == Array("500000,".utf8))
            peer.close()
            for peer in abandoned { peer.close() }
        }
        #expect(statistics.connectionsEvicted > 0 && statistics.connectionsEvicted < 21)
    }

    @Test("Received buffers that handlers keep have a limit, and a read beyond it fails")
    func keptByTheProgram() async throws {
        var configuration = EventLoop.Configuration()
        configuration.pool = BufferPool.Configuration(receiveChunkSize: 64 << 10, maximumBytes: 4 << 20)
        configuration.pool.maximumKeptBytes = 1 << 20
        let errors = Channel<ConnectionError>()
        let handler: TCPServer.Handler = { connection in
            guard let first = try await connection.read() else { return }
            guard first[0] == 7 else {
                try await connection.write(first)
                while let bytes = try await connection.read() { try await connection.write(bytes) }
                return
            }
            var kept: [SharedBuffer] = []
            while true {
                do throws(ConnectionError) {
                    guard let bytes = try await connection.read() else { return }
                    kept.append(bytes.share())
                } catch {
                    // The connection is unchanged: dropping buffers makes room.
                    errors.send(error)
                    kept = []
                    #expect(try await connection.read() != nil)
                    return
                }
            }
        }
        let statistics = try await withServer(configuration: configuration, grace: .zero, handler: handler) { server in
            let peer = try await Peer.connect(to: server.address)
            let sending = Task { try? await peer.send([UInt8](repeating: 7, count: 32 << 20)) }
            #expect(try await errors.next() == .tooMuchKept(limit: 1 << 20))
            let other = try await Peer.connect(to: server.address)
            try await other.send([1, 2, 3])
            #expect(try await other.receive(3) == [1, 2, 3])
            server.shutDown(grace: .zero)
            await sending.value
        }
        #expect(statistics.connectionsEvicted == 0)
        #expect(statistics.pool.keptBytes == 0 && statistics.pool.copiedBytes == 0)
    }
}
