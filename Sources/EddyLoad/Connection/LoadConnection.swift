internal import Eddy

/// One connection of a load test: a task on its loop.
struct LoadConnection: Sendable {
    let number: Int
    let configuration: LoadTest.Configuration
    let pattern: BytePattern
    let timekeeper: Timekeeper
    let recorder: LoadRecorder

    private var window: MeasurementWindow { timekeeper.window }

    /// Sends requests until the window is over. A connection that breaks is counted and made again.
    ///
    /// - Returns: why the whole test has failed, or nil.
    func run(on loop: EventLoop) async -> LoadError? {
        var wasConnected = false
        while !Task.isCancelled, !window.isOver(at: MonotonicClock.now) {
            do {
                try await loop.connect(to: configuration.target) { connection in
                    if !wasConnected { timekeeper.noteConnected() }
                    wasConnected = true
                    try await exchange(over: connection)
                }
                return nil
            } catch let error as LoadError {
                return error
            } catch {
                if Task.isCancelled || window.isOver(at: MonotonicClock.now) {
                    // A reply that was waited for has not come. (A test that is cancelled waits for none.)
                    if window.isDrained { recorder.update { $0.errors += 1 } }
                    return nil
                }
                guard wasConnected else { return (error as? ConnectError).map(LoadError.cannotConnect) }
                recorder.update { $0.errors += 1 }
                try? await loop.sleep(for: Self.pauseAfterError)
            }
        }
        return nil
    }

    private static let pauseAfterError = Duration.milliseconds(100)

    /// Keeps `depth` requests under way until the window is over and all replies have come.
    private func exchange(over connection: borrowing Connection) async throws {
        var pipeline = RequestPipeline(depth: configuration.depth, messageSize: configuration.messageSize)
        let start = BytePattern.start(ofConnection: number)
        var sendPosition = start
        var receivePosition = start
        for _ in 0..<configuration.depth {
            pipeline.send(at: MonotonicClock.now)
            try await send(over: connection, from: &sendPosition)
        }
        while pipeline.count > 0 {
            // A server that closes with replies outstanding has broken the connection as much as one that resets it.
            guard let bytes = try await connection.read() else { throw ConnectionError.reset }
            let now = MonotonicClock.now
            let byteCount = bytes.count
            guard byteCount <= pipeline.bytesExpected else { throw LoadError.unexpectedBytes(connection: number) }
            if configuration.verifies { try verify(bytes, from: receivePosition, start: start) }
            receivePosition += UInt64(byteCount)
            let completed = pipeline.receive(byteCount)
            record(byteCount, completed: completed, of: &pipeline, at: now)
            guard !window.isOver(at: now) else { continue }
            for _ in 0..<completed {
                pipeline.send(at: now)
                try await send(over: connection, from: &sendPosition)
            }
        }
    }

    /// Takes completed requests out of the pipeline, and counts them if it is time to count.
    private func record(_ byteCount: Int, completed: Int, of pipeline: inout RequestPipeline, at now: UInt64) {
        let isCounted = window.contains(now)
        recorder.update { counts in
            if isCounted { counts.bytesReceived += UInt64(byteCount) }
            for _ in 0..<completed {
                let sentAt = pipeline.takeOldest()
                if isCounted { counts.record(latency: now - sentAt) }
            }
        }
    }

    /// Sends one request: the next bytes of the connection's stream.
    private func send(over connection: borrowing Connection, from position: inout UInt64) async throws {
        var left = configuration.messageSize
        while left > 0 {
            let piece = min(left, BytePattern.longestPiece)
            try await connection.write(Buffer.from(copying: pattern.piece(at: position, byteCount: piece)))
            position += UInt64(piece)
            left -= piece
        }
        if window.contains(MonotonicClock.now) {
            recorder.update { $0.bytesSent += UInt64(configuration.messageSize) }
        }
    }

    private func verify(_ bytes: borrowing Buffer, from position: UInt64, start: UInt64) throws(LoadError) {
        var offset = 0
        while offset < bytes.count {
            let count = min(bytes.count - offset, BytePattern.longestPiece)
            let position = position + UInt64(offset)
            let expected = pattern.piece(at: position, byteCount: count)
            if let difference = bytes.firstDifference(from: expected, at: offset) {
                throw .bytesDiffer(connection: number, offset: position + UInt64(difference) - start)
            }
            offset += count
        }
    }
}
