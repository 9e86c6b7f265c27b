import Eddy
import EddyBuffers
import Testing

@testable import Eddy

/// Who holds all the memory keeps nobody else out.
@Suite("memory: eviction", .serialized, .timeLimit(.minutes(5)))
struct EvictionTests {
    private static func configuration() -> EventLoop.Configuration {
        var configuration = EventLoop.Configuration()
        configuration.pool = BufferPool.Configuration(receiveChunkSize: 64 << 10, maximumBytes: 4 << 20)
        configuration.starvationTimeout = .milliseconds(300)
        return configuration
    }

    /// A newcomer's requests are answered while others send without end.
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

    @Test("Peers that take nothing of what they are sent keep nobody out", arguments: FeatureSet.allCases)
    func stalledPeers(set: FeatureSet) async throws {
        try await withServer(set, configuration: Self.configuration()) { server in
            try await expectService(of: server, besides: 3, receiveBuffer: 4096)
        }
    }

    @Test("Handlers that do not read keep nobody out", arguments: FeatureSet.allCases)
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

    @Test("Who waits for more than the memory holds does not wait for ever", arguments: FeatureSet.allCases)
    func greedyReaders(set: FeatureSet) async throws {
        let errors = Channel<ConnectionError>()
        var evicted: UInt64 = 0
        let handler: TCPServer.Handler = { connection in
            do throws(ConnectionError) {
                _ = try await connection.read(exactly: 1 << 29)
            } catch {
                errors.send(error)
            }
        }
        let statistics = try await withServer(set, configuration: Self.configuration(), handler: handler) { server in
            try await withThrowingTaskGroup { tasks in
                for _ in 0..<3 {
                    let flooder = try await Peer.connect(to: server.address)
                    tasks.addTask { try? await flooder.send([UInt8](repeating: 0, count: 64 << 20)) }
                }
                // What comes in small pieces is gathered in memory of its own, and so is there as a whole.
                for _ in 0..<3 {
                    let error = try await errors.next()
                    if error == .system(.noBufferSpace) { evicted += 1 }
                    #expect(error == .system(.noBufferSpace) || error == .unexpectedEnd(received: 64 << 20))
                }
                try await tasks.waitForAll()
            }
        }
        #expect(statistics.connectionsEvicted == evicted)
        if set.features.incrementalBuffers { #expect(evicted > 0) }
    }

    @Test("Memory that the program keeps is not taken back; it is said that it is kept")
    func keptByTheProgram() async throws {
        let result = try await #require(
            processExitsWith: .success,
            observing: [\.standardErrorContent]
        ) {
            var configuration = EventLoop.Configuration()
            configuration.pool = BufferPool.Configuration(receiveChunkSize: 64 << 10, maximumBytes: 2 << 20)
            configuration.starvationTimeout = .milliseconds(50)
            let handler: TCPServer.Handler = { connection in
                var kept: [SharedBuffer] = []
                while let bytes = try await connection.read() { kept.append(bytes.share()) }
            }
            try await withServer(configuration: configuration, grace: .zero, handler: handler) { server in
                let peer = try await Peer.connect(to: server.address)
                let sending = Task { try? await peer.send([UInt8](repeating: 7, count: 32 << 20)) }
                try await eventually { await server.group.statistics().starvations > 0 }
                try await Task.sleep(for: .seconds(4))
                server.shutDown(grace: .zero)
                await sending.value
            }
        }
        let errors = String(decoding: result.standardErrorContent, as: UTF8.self)
        #expect(errors.contains("buffers that the program keeps hold most of the 2097152 bytes"), "\(errors)")
    }
}
