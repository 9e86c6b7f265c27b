public import Eddy

// One test:
//
//     connect all ──▶ warm up ──▶ measure ──▶ drain ──▶ report
//                     │           │           │
//                     │           │           └ no new requests; waits at most 5 s for outstanding replies, and
//                     │           │             records their ages and whether they arrive
//                     │           └ completed requests are counted
//                     └ requests are sent, but not counted
//
// Each connection is a task on its loop. It keeps `depth` requests outstanding and sends the next one as soon as a
// reply is complete (a closed loop). Another task keeps the time.

/// A load test of an echo server.
///
/// ```swift
/// let target = try SocketAddress("127.0.0.1:7000")
/// let report = try await LoadTest(.init(target: target)).run()
/// print(report.requestsPerSecond)
/// ```
public struct LoadTest: Sendable {
    /// The parameters of the test.
    public let configuration: Configuration

    /// Creates a test without starting it.
    ///
    /// - Throws: ``LoadError/tooMuchMemory(bytes:limit:)``.
    /// - Precondition: connections, loops, depth and message size are at least 1.
    public init(_ configuration: Configuration) throws(LoadError) {
        configuration.requireValid()
        let (bytes, limit) = (configuration.bytesUnderWay, Configuration.maximumBytesUnderWay)
        guard bytes <= limit else { throw .tooMuchMemory(bytes: bytes, limit: limit) }
        self.configuration = configuration
    }

    /// Runs the test on event loops of its own, which end with the test.
    ///
    /// A connection that breaks later is counted as an error and reconnected. If the calling task is cancelled, the
    /// test ends early, and the report covers the time until then. The same happens if a reply is wrong;
    /// ``LoadReport/verificationFailure`` then has the reason.
    ///
    /// - Parameters:
    ///   - onProgress: called twice a second while requests are counted, on any thread.
    ///   - onStart: called once, on the calling task, with the engine of the test's loops after they have started.
    /// - Throws: ``LoadError`` if a connection cannot be made at the start, or if the client's loops cannot be made.
    public func run(
        onProgress: @escaping @Sendable (LoadProgress) -> Void = { _ in },
        onStart: (EngineChoice) -> Void = { _ in }
    ) async throws(LoadError) -> LoadReport {
        let group: EventLoopGroup
        do {
            group = try EventLoopGroup(count: configuration.loops, configuration: loopConfiguration)
        } catch {
            throw .ring(error)
        }
        defer { group.shutDown() }
        onStart(group.engine)
        let window = MeasurementWindow()
        let recorders = group.loops.map { _ in LoadRecorder() }
        var verificationFailure: VerificationFailure?
        switch await run(on: group, window: window, recorders: recorders, onProgress) {
        case .load(let error): throw error
        case .verification(let failure): verificationFailure = failure
        case nil: break
        }
        return LoadReport(
            configuration,
            seconds: window.seconds(at: .distantFuture),
            counts: .sum(of: recorders),
            interrupted: Task.isCancelled && verificationFailure == nil,
            failure: verificationFailure
        )
    }

    /// The results of a test's tasks.
    private enum Ending {
        case connection(LoadConnection.Failure?)
        case time
    }

    /// - Returns: why the test failed, or nil.
    private func run(
        on group: EventLoopGroup,
        window: MeasurementWindow,
        recorders: [LoadRecorder],
        _ onProgress: @escaping @Sendable (LoadProgress) -> Void
    ) async -> LoadConnection.Failure? {
        let timekeeper = Timekeeper(configuration, window: window, recorders: recorders)
        let pattern = BytePattern()
        return await withTaskGroup(of: Ending.self) { tasks in
            for number in 0..<configuration.connections {
                let place = number % group.loops.count
                let connection = LoadConnection(
                    number: number,
                    configuration: configuration,
                    pattern: pattern,
                    timekeeper: timekeeper,
                    recorder: recorders[place]
                )
                let loop = group.loops[place]
                tasks.addTask(executorPreference: loop) { .connection(await connection.run(on: loop)) }
            }
            tasks.addTask {
                await timekeeper.run(onProgress)
                return .time
            }
            var connectionsLeft = configuration.connections
            var failure: LoadConnection.Failure?
            for await ending in tasks {
                switch ending {
                case .connection(let error):
                    connectionsLeft -= 1
                    failure = failure ?? error
                    if connectionsLeft == 0 || failure != nil { tasks.cancelAll() }
                case .time:
                    tasks.cancelAll()
                }
            }
            return failure
        }
    }

    /// A request is queued as a whole, however slow the server is, so the queue must have room for all of them.
    private var loopConfiguration: EventLoop.Configuration {
        var loop = EventLoop.Configuration()
        loop.maximumConnections = max(loop.maximumConnections, configuration.connections)
        loop.highWatermark = max(loop.highWatermark, configuration.depth * configuration.messageSize)
        return loop
    }
}
