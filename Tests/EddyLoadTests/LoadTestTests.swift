import Eddy
import EddySystem
import Synchronization
import Testing

@testable import EddyLoad

/// Complete load tests against a server in this process.
@Suite("load: complete tests", .timeLimit(.minutes(2)))
struct LoadTestTests {
    private func configuration(_ target: SocketAddress) -> LoadTest.Configuration {
        var configuration = LoadTest.Configuration(target: target)
        configuration.connections = 5
        configuration.duration = .milliseconds(200)
        configuration.warmup = .milliseconds(20)
        configuration.loops = 1
        configuration.verifies = true
        return configuration
    }

    @Test(
        "Runs a closed loop of requests against an echo server",
        arguments: [(1, 1), (64, 1), (64, 16), (16 << 10, 1), (100_000, 3), (1 << 20, 2)]
    )
    func echo(messageSize: Int, depth: Int) async throws {
        // Answers once all of them are outstanding.
        let handler: TCPServer.Handler = { connection in
            while let bytes = try await connection.read(exactly: depth * messageSize) {
                try await connection.write(bytes)
            }
        }
        try await withServer(handler) { address in
            var configuration = configuration(address)
            configuration.messageSize = messageSize
            configuration.depth = depth
            configuration.duration = .seconds(1)
            let report = try await report(of: configuration)
            #expect(report.requests > 0)
            #expect(report.errors == 0)
            #expect(report.verified)
            #expect(report.depth == depth)
            #expect(report.messageSize == messageSize)
            #expect(report.requestsPerSecond > 0)
            let latency = try #require(report.latency)
            #expect(latency.min > 0)
            #expect(latency.p50 <= latency.max)
            #expect((1...UInt64(5 * depth)).contains(report.outstanding.requests))
            #expect(report.unanswered.requests == 0)
            // Requests outstanding at either edge of the window are counted on one side only.
            let underWay = UInt64(5 * depth * messageSize)
            #expect(report.bytesReceived + underWay >= report.requests * UInt64(messageSize))
            #expect(report.bytesReceived <= (report.requests + UInt64(5 * depth)) * UInt64(messageSize))
        }
    }

    @Test("A test may have several loops")
    func loops() async throws {
        try await withServer { address in
            var configuration = configuration(address)
            configuration.loops = 3
            configuration.connections = 7
            let report = try await report(of: configuration)
            #expect(report.requests > 0)
            #expect(report.threads == 3)
        }
    }

    @Test("Progress is reported while requests are counted")
    func progress() async throws {
        let seen = Mutex([LoadProgress]())
        try await withServer { address in
            _ = try await LoadTest(configuration(address)).run { progress in seen.withLock { $0.append(progress) } }
        }
        let progress = seen.withLock { $0 }
        #expect(!progress.isEmpty)
        #expect(progress.allSatisfy { $0.totalSeconds == 0.2 && $0.seconds <= 0.2 && $0.errors == 0 })
    }

    @Test("A wrong byte is found, with its position", arguments: [0, 1, 63, 64, 10_000])
    func corruption(place: Int) async throws {
        let handler: TCPServer.Handler = { connection in
            var position = 0
            while var bytes = try await connection.read() {
                if (position..<position + bytes.count).contains(place) {
                    var span = bytes.mutableBytes
                    let wrong = ~span.unsafeLoad(fromByteOffset: place - position, as: UInt8.self)
                    span.storeBytes(of: wrong, toByteOffset: place - position, as: UInt8.self)
                }
                position += bytes.count
                try await connection.write(bytes)
            }
        }
        try await withServer(handler) { address in
            var configuration = configuration(address)
            configuration.connections = 1
            configuration.duration = .seconds(60)
            let report = try await LoadTest(configuration).run()
            let expected = VerificationFailure(.bytesDiffer, connection: 0, offset: UInt64(place))
            #expect(report.verificationFailure == expected)
            #expect(report.errorsByKind.verification == 1)
            #expect(!report.interrupted)
        }
    }

    @Test("More bytes than were sent are detected")
    func surplus() async throws {
        let handler: TCPServer.Handler = { connection in
            while let bytes = try await connection.read() {
                try await connection.write(bytes)
                try await connection.write("x")
            }
        }
        try await withServer(handler) { address in
            var configuration = configuration(address)
            configuration.verifies = false
            configuration.duration = .seconds(60)
            let report = try await LoadTest(configuration).run()
            #expect(report.verificationFailure?.reason == .unexpectedBytes)
            #expect(report.errorsByKind.verification > 0)
        }
    }

    @Test("Connections that break are counted and reconnected", arguments: [true, false])
    func breaking(byReset: Bool) async throws {
        let handler: TCPServer.Handler = { connection in
            for _ in 0..<3 {
                guard let bytes = try await connection.read() else { return }
                try await connection.write(bytes)
            }
            if byReset { connection.reset() }
        }
        try await withServer(handler) { address in
            let report = try await report(of: configuration(address), until: { $0.errors > 0 && $0.requests > 0 })
            #expect(report.errors > 0)
            #expect(report.errorsByKind.closed == report.errors)
            #expect(report.unanswered.requests > 0)
            #expect(report.requests > 0)
        }
    }

    @Test("A connection that was answered is reconnected without a pause, which would distort the figures")
    func pause() {
        #expect(LoadConnection.pause(afterReplies: 1) == nil)
        #expect(LoadConnection.pause(afterReplies: 0) != nil)
    }

    @Test("Last replies that end with their connection are errors", arguments: [true, false])
    func lastReplies(byReset: Bool) async throws {
        // Answers a few, then breaks the connection long after the end of the window.
        let handler: TCPServer.Handler = { connection in
            for _ in 0..<3 {
                guard let bytes = try await connection.read() else { return }
                try await connection.write(bytes)
            }
            _ = try await connection.read()
            try await Task.sleep(for: .seconds(5))
            if byReset { connection.reset() }
        }
        try await withServer(handler) { address in
            // Long enough for three answers on a busy machine.
            var configuration = configuration(address)
            configuration.duration = .seconds(2)
            let report = try await LoadTest(configuration).run()
            #expect(report.errorsByKind.closed >= 5)
            #expect(report.outstanding.requests == 5)
            #expect(report.outstanding.answered == 0)
            #expect(report.unanswered.requests >= 5)
            let (outstanding, unanswered) = try (
                #require(report.outstanding.oldest), #require(report.unanswered.oldest)
            )
            #expect(unanswered >= outstanding)
            // On a busy machine all answers may have come before the window.
            if let latency = report.latency { #expect(latency.max >= unanswered) }
        }
    }

    @Test("Late last replies are not errors, and count in the latencies")
    func lateReplies() async throws {
        let handler: TCPServer.Handler = { connection in
            var count = 0
            while let bytes = try await connection.read() {
                count += 1
                if count == 4 { try await Task.sleep(for: .seconds(1)) }
                try await connection.write(bytes)
            }
        }
        try await withServer(handler) { address in
            let report = try await LoadTest(configuration(address)).run()
            #expect(report.errors == 0)
            #expect(report.outstanding.requests == 5)
            #expect(report.outstanding.answered == 5)
            #expect(report.unanswered.requests == 0)
            let (latency, oldest) = try (#require(report.latency), #require(report.outstanding.oldest))
            #expect(latency.max >= oldest)
        }
    }

    @Test("Errors during warm-up are counted separately")
    func warmupErrors() async throws {
        let connections = Mutex(0)
        let handler: TCPServer.Handler = { connection in
            let number = connections.withLock { count in
                count += 1
                return count
            }
            while let bytes = try await connection.read() {
                if number == 1 { return connection.reset() }
                try await connection.write(bytes)
            }
        }
        try await withServer(handler) { address in
            var configuration = configuration(address)
            configuration.warmup = .seconds(2)
            // On a loaded machine the client may not run at all for some tenths of a second.
            configuration.duration = .seconds(2)
            let report = try await LoadTest(configuration).run()
            #expect(report.warmupErrors == 1)
            #expect(report.errors == 0)
            #expect(report.requests > 0)
        }
    }

    @Test("Without a listener the test fails and says why")
    func refused() async throws {
        let descriptor = try Socket.openStream(for: .loopback(port: 0))
        defer { Socket.close(descriptor) }
        // Bound, so that no other process gets the port, but not listening.
        try Socket.bind(descriptor, to: .loopback(port: 0))
        let address = try #require(Socket.localAddress(of: descriptor))
        let test = try LoadTest(configuration(address))
        let refused = ConnectError.refused(Endpoint(address), [ConnectAttempt(address, .connectionRefused)])
        await #expect(throws: LoadError.cannotConnect(refused)) { _ = try await test.run() }
    }

    @Test("A server that never answers does not keep the test from ending")
    func silent() async throws {
        let handler: TCPServer.Handler = { connection in while try await connection.read() != nil {} }
        try await withServer(handler) { address in
            let report = try await LoadTest(configuration(address)).run()
            #expect(report.requests == 0)
            #expect(report.latency == nil)
            #expect(report.errorsByKind.timeout == 5)
            #expect(report.outstanding.requests == 5)
            #expect(report.unanswered.requests == 5)
        }
    }

    @Test("A cancelled test reports its figures so far", arguments: [Duration.seconds(1000), .seconds(Int64.max)])
    func cancelled(duration: Duration) async throws {
        try await withServer { address in
            let report = try await report(of: configuration(address), lasting: duration)
            #expect(report.requests > 0)
            #expect(report.duration > 0)
            #expect(report.interrupted)
            #expect(report.errors == 0)
            #expect(report.outstanding.requests > 0)
            #expect(report.unanswered.requests == 0)
        }
    }

    @Test("A test that is cancelled before it starts reports nothing")
    func cancelledBefore() async throws {
        try await withServer { address in
            let test = try LoadTest(configuration(address))
            let running = Task {
                while !Task.isCancelled { await Task.yield() }
                return try await test.run()
            }
            running.cancel()
            let report = try await running.value
            #expect(report.requests == 0)
            #expect(report.interrupted)
        }
    }

    @Test(
        "More outstanding bytes than the limit are rejected in advance",
        arguments: [(1, 1, 1 << 30 + 1), (1 << 20, 1 << 10, 2), (.max, .max, .max), (1, 2, .max)]
    )
    func memory(connections: Int, depth: Int, messageSize: Int) {
        var configuration = configuration(.loopback(port: 1))
        configuration.connections = connections
        configuration.depth = depth
        configuration.messageSize = messageSize
        let error = #expect(throws: LoadError.self) { _ = try LoadTest(configuration) }
        guard case .tooMuchMemory = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(error?.description.contains("smaller messages") == true)
    }

    private func text(_ result: ExitTest.Result?) -> String {
        String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    }

    @Test("An invalid configuration traps with a reason")
    func invalidNumbers() async {
        let noConnections = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            var configuration = LoadTest.Configuration(target: .loopback(port: 1))
            configuration.connections = 0
            _ = try LoadTest(configuration)
        }
        #expect(text(noConnections).contains("a load test has at least one connection"))
        let noMessageSize = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            var configuration = LoadTest.Configuration(target: .loopback(port: 1))
            configuration.messageSize = 0
            _ = try LoadTest(configuration)
        }
        #expect(text(noMessageSize).contains("a request has at least one byte"))
    }
}
