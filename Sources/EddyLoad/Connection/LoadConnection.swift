internal import Eddy

/// One connection of a load test: a task on its loop.
struct LoadConnection: Sendable {
    let number: Int
    let configuration: LoadTest.Configuration
    let pattern: BytePattern
    let timekeeper: Timekeeper
    let recorder: LoadRecorder

    private var window: MeasurementWindow { timekeeper.window }

    /// Why a connection ended the whole test.
    enum Failure: Error {
        case load(LoadError)
        case verification(VerificationFailure)
    }

    /// Sends requests until the window is over. A connection that breaks is counted and reconnected.
    ///
    /// It is reconnected at once if it had received any reply. Otherwise there is a pause, to avoid flooding a server
    /// that refuses every connection. No request is outstanding meanwhile, so no latency includes the pause.
    ///
    /// - Returns: why the whole test failed, or nil.
    func run(on loop: EventLoop) async -> Failure? {
        var wasConnected = false
        while !Task.isCancelled, !window.isOver(at: MonotonicClock.now) {
            var isConnected = false
            var replies = 0
            do {
                try await loop.connect(to: configuration.target) { connection in
                    if !wasConnected { timekeeper.noteConnected() }
                    (wasConnected, isConnected) = (true, true)
                    try await exchange(over: connection, replies: &replies)
                }
                return nil
            } catch let failure as VerificationFailure {
                window.close(at: MonotonicClock.now)
                recorder.update { $0.errors.verification += 1 }
                return .verification(failure)
            } catch {
                guard wasConnected || Task.isCancelled else {
                    return (error as? ConnectError).map { .load(.cannotConnect($0)) }
                }
                count(whileConnected: isConnected)
                if let pause = Self.pause(afterReplies: replies) { try? await loop.sleep(for: pause) }
            }
        }
        return nil
    }

    /// How long to wait before reconnecting a connection that broke after `replies` replies.
    static func pause(afterReplies replies: Int) -> Duration? {
        replies == 0 ? .milliseconds(100) : nil
    }

    /// Counts a connection that ended, or could not be made, unless the test ended it.
    private func count(whileConnected isConnected: Bool) {
        let now = MonotonicClock.now
        let kind: WritableKeyPath<LoadReport.Errors, UInt64>
        if Task.isCancelled {
            // After the drain this is an error. Before it, the whole test was cancelled, which is not the server's
            // fault.
            guard window.isDrained else { return window.close(at: now) }
            kind = isConnected ? \.timeout : \.connect
        } else {
            kind = isConnected ? \.closed : \.connect
        }
        let isEarly = window.phase(at: now) == .before
        recorder.update { counts in
            if isEarly {
                counts.warmupErrors += 1
            } else {
                counts.errors[keyPath: kind] += 1
            }
        }
    }

    /// Keeps `depth` requests outstanding until the window is over and all replies have arrived.
    private func exchange(over connection: borrowing Connection, replies: inout Int) async throws {
        var pipeline = RequestPipeline(depth: configuration.depth, messageSize: configuration.messageSize)
        do {
            try await exchange(over: connection, &pipeline, replies: &replies)
        } catch let failure as VerificationFailure {
            throw failure
        } catch {
            giveUp(&pipeline, at: MonotonicClock.now)
            throw error
        }
    }

    private func exchange(
        over connection: borrowing Connection,
        _ pipeline: inout RequestPipeline,
        replies: inout Int
    ) async throws {
        let start = BytePattern.start(ofConnection: number)
        var sendPosition = start
        var receivePosition = start
        for _ in 0..<configuration.depth {
            let now = MonotonicClock.now
            guard !window.isOver(at: now) else { break }
            pipeline.send(at: now)
            try await send(over: connection, from: &sendPosition)
        }
        while pipeline.count > 0 {
            // Closing with replies outstanding counts as an error, as a reset does.
            guard let bytes = try await connection.read() else { throw ConnectionError.reset }
            let now = MonotonicClock.now
            let byteCount = bytes.count
            let bytesExpected = pipeline.bytesExpected
            guard byteCount <= bytesExpected else {
                let offset = receivePosition + UInt64(bytesExpected) - start
                throw VerificationFailure(.unexpectedBytes, connection: number, offset: offset)
            }
            if configuration.verifies { try verify(bytes, from: receivePosition, start: start) }
            receivePosition += UInt64(byteCount)
            let completed = pipeline.receive(byteCount)
            replies += completed
            record(byteCount, completed: completed, of: &pipeline, at: now)
            guard !window.isOver(at: now) else { continue }
            for _ in 0..<completed {
                pipeline.send(at: now)
                try await send(over: connection, from: &sendPosition)
            }
        }
    }

    /// Takes completed requests out of the pipeline, and counts them if they fall into the window.
    private func record(_ byteCount: Int, completed: Int, of pipeline: inout RequestPipeline, at now: Instant) {
        let phase = window.phase(at: now)
        recorder.update { counts in
            if phase == .within { counts.bytesReceived += UInt64(byteCount) }
            for _ in 0..<completed {
                let sentAt = pipeline.takeOldest()
                switch phase {
                case .before: break
                case .within: counts.record(latency: sentAt.nanoseconds(to: now))
                case .after:
                    guard let age = window.ageAtEnd(ofRequestSentAt: sentAt) else { break }
                    counts.record(latency: sentAt.nanoseconds(to: now), ageAtEnd: age)
                }
            }
        }
    }

    /// Takes out the requests that will not get a reply, and counts them with their ages.
    private func giveUp(_ pipeline: inout RequestPipeline, at now: Instant) {
        if Task.isCancelled { window.close(at: now) }
        let phase = window.phase(at: now)
        let isCutShort = window.isCutShort
        recorder.update { counts in
            while pipeline.count > 0 {
                let sentAt = pipeline.takeOldest()
                switch phase {
                case .before: break
                case .within: counts.recordUnanswered(age: sentAt.nanoseconds(to: now))
                case .after:
                    guard let age = window.ageAtEnd(ofRequestSentAt: sentAt) else { break }
                    counts.recordOutstanding(age: age)
                    if isCutShort {
                        counts.recordAgeWithoutReply(age)
                    } else {
                        counts.recordUnanswered(age: sentAt.nanoseconds(to: now))
                    }
                }
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

    private func verify(_ bytes: borrowing Buffer, from position: UInt64, start: UInt64) throws(VerificationFailure) {
        var offset = 0
        while offset < bytes.count {
            let count = min(bytes.count - offset, BytePattern.longestPiece)
            let position = position + UInt64(offset)
            let expected = pattern.piece(at: position, byteCount: count)
            if let difference = bytes.firstDifference(from: expected, at: offset) {
                let offset = position + UInt64(difference) - start
                throw VerificationFailure(.bytesDiffer, connection: number, offset: offset)
            }
            offset += count
        }
    }
}
