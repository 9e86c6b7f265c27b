import EddyRing
import Glibc
import Testing

/// The queues and `enter`, on every engine.
@Suite("ring: queues", .timeLimit(.minutes(1)))
struct RingTests {
    private func token(_ index: Int) -> OperationToken { OperationToken(kind: 1, index: UInt32(index)) }

    /// Submits a send of each byte, with its place as token.
    private func submitOneByOne(_ bytes: UnsafeRawBufferPointer, from pair: SocketPair, to ring: Ring) throws {
        for index in bytes.indices {
            let address = bytes.baseAddress! + index
            try ring.submit(.send(descriptor: pair.near, address: address, byteCount: 1, token: token(index)))
        }
    }

    @Test(
        "More submissions than the queue holds are all taken and all completed, in order",
        arguments: EngineKind.tested
    )
    func moreThanTheQueueHolds(engine: EngineKind) throws {
        let ring = try Ring(engine: engine, submissionEntries: 4, completionEntries: 256)
        let pair = try SocketPair()
        let bytes: [UInt8] = Array(0..<100)
        try bytes.withUnsafeBytes { bytes in
            try submitOneByOne(bytes, from: pair, to: ring)
            let completions = try ring.completions(100)
            #expect(completions.map(\.token) == (0..<100).map(token))
            #expect(completions.allSatisfy { $0.result == 1 && $0.isLast })
        }
        #expect(pair.readFar() == bytes)
        #expect(ring.nextCompletion() == nil)
        #expect(ring.isSettled)
        #expect(ring.statistics.submissions == 100)
        #expect(ring.statistics.completions == 100)
        #expect(ring.statistics.overflows == 0)
    }

    @Test("Without submissions and without waiting it returns at once", arguments: EngineKind.tested)
    func nothing(engine: EngineKind) throws {
        let ring = try Ring(engine: engine, submissionEntries: 4, completionEntries: 8)
        try ring.enter(waitFor: 0, deadline: nil)
        #expect(ring.nextCompletion() == nil)
        #expect(ring.isSettled)
    }

    /// More than come in 5 ms, and less than a ring that does not wait would be asked for.
    private static let manyInterruptions = 500

    @Test("A deadline ends the wait", arguments: EngineKind.tested, [UInt64(0), 1, 5_000_000])
    func deadlines(engine: EngineKind, nanoseconds: UInt64) throws {
        let ring = try Ring(engine: engine, submissionEntries: 4, completionEntries: 8)
        let deadline = MonotonicClock.now + nanoseconds
        var interruptions = 0
        try ring.enter(waitFor: 1, deadline: nanoseconds == 0 ? 0 : deadline)
        // Whatever interrupts a system call, such as the end of another test's ring on this thread, ends a wait.
        while nanoseconds > 0, MonotonicClock.now < deadline, interruptions < Self.manyInterruptions {
            interruptions += 1
            try ring.enter(waitFor: 1, deadline: deadline)
        }
        #expect(ring.nextCompletion() == nil)
        #expect(interruptions < Self.manyInterruptions)
    }

    @Test("The end of time is a deadline, too", arguments: EngineKind.tested)
    func endOfTime(engine: EngineKind) throws {
        let ring = try Ring(engine: engine, submissionEntries: 4, completionEntries: 8)
        let pair = try SocketPair()
        let bytes: [UInt8] = [1]
        try bytes.withUnsafeBytes { bytes in
            try ring.submit(.send(descriptor: pair.near, address: bytes.baseAddress!, byteCount: 1, token: token(0)))
            try ring.enter(waitFor: 1, deadline: .max)
        }
        #expect(ring.nextCompletion()?.result == 1)
    }

    @Test("A signal ends the wait without an error", arguments: EngineKind.tested)
    func interrupted(engine: EngineKind) throws {
        let ring = try Ring(engine: engine, submissionEntries: 4, completionEntries: 8)
        signal(SIGUSR2) { _ in }
        // The threads that run tests keep signals off.
        var (set, before) = (sigset_t(), sigset_t())
        sigemptyset(&set)
        sigaddset(&set, SIGUSR2)
        pthread_sigmask(SIG_UNBLOCK, &set, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        let waiting = UInt(pthread_self())
        var helper = pthread_t()
        let context = UnsafeMutableRawPointer(bitPattern: waiting)
        pthread_create(
            &helper,
            nil,
            { context in
                // More than one, since the first may come before the wait.
                for _ in 0..<20 {
                    usleep(5000)
                    pthread_kill(pthread_t(UInt(bitPattern: context)), SIGUSR2)
                }
                return nil
            },
            context
        )
        let deadline = MonotonicClock.now + 30_000_000_000
        try ring.enter(waitFor: 1, deadline: deadline)
        #expect(ring.nextCompletion() == nil)
        #expect(MonotonicClock.now < deadline)
        pthread_join(helper, nil)
    }

    @Test("Completions that do not fit wait in the kernel, and none is lost", arguments: EngineKind.tested)
    func completionOverflow(engine: EngineKind) throws {
        let ring = try Ring(engine: engine, submissionEntries: 8, completionEntries: 16)
        let pair = try SocketPair()
        let bytes: [UInt8] = Array(0..<200)
        try bytes.withUnsafeBytes { bytes in
            try submitOneByOne(bytes, from: pair, to: ring)
            #expect(try ring.completions(200).map(\.token) == (0..<200).map(token))
        }
        // Where there is no room, io_uring keeps what does not fit, and epoll does nothing.
        #expect((ring.statistics.overflows > 0) == (engine == .uring))
        #expect(ring.statistics.completions == 200)
        #expect(ring.isSettled)
        #expect(pair.readFar() == bytes)
    }

    @Test("An operation on what is no descriptor fails by itself", arguments: EngineKind.tested)
    func badDescriptor(engine: EngineKind) throws {
        let ring = try Ring(engine: engine, submissionEntries: 4, completionEntries: 8)
        try ring.submit(.receiveOnce(descriptor: -1, group: 0, token: token(1)))
        #expect(try ring.completions(1).first?.error == SystemError(EBADF))
    }

    @Test("What is cancelled completes, and so does the cancellation", arguments: EngineKind.tested)
    func cancelling(engine: EngineKind) throws {
        let ring = try Ring(engine: engine, submissionEntries: 4, completionEntries: 8)
        let wake = try WakeDescriptor()
        try ring.submit(wake.awaitSignal(token: token(1)))
        try ring.enter(waitFor: 0, deadline: nil)
        #expect(ring.nextCompletion() == nil)
        try ring.submit(.cancel(token(1), token: token(2)))
        let completions = try ring.completions(2).sorted { $0.token.index < $1.token.index }
        #expect(completions.map(\.token.index) == [1, 2])
        #expect(completions.first?.error == .cancelled)
        #expect(completions.last?.result == 0)
        // Nothing is left to be cancelled.
        try ring.submit(.cancel(token(1), token: token(3)))
        #expect(try ring.completions(1).first?.error == SystemError(ENOENT))
    }

    @Test(
        "A signal of the wake descriptor ends the wait, whether it came before or after",
        arguments: EngineKind.tested
    )
    func wakeDescriptor(engine: EngineKind) throws {
        let ring = try Ring(engine: engine, submissionEntries: 4, completionEntries: 8)
        let wake = try WakeDescriptor()
        wake.signal()
        wake.signal()
        try ring.submit(wake.awaitSignal(token: token(1)))
        #expect(try ring.completions(1).first?.result == 8)
        try ring.submit(wake.awaitSignal(token: token(2)))
        try ring.enter(waitFor: 0, deadline: nil)
        #expect(ring.nextCompletion() == nil)
        wake.signal()
        #expect(try ring.completions(1).first?.token == token(2))
    }

    @Test(
        "A send that ends inline posts nothing when all of it was taken, and says how much otherwise",
        arguments: EngineKind.tested
    )
    func inlineSends(engine: EngineKind) throws {
        guard engine.features.inlineSends else { return }
        let ring = try Ring(engine: engine, submissionEntries: 4, completionEntries: 8)
        let pair = try SocketPair()
        let bytes = [UInt8](repeating: 7, count: 4 << 20)
        try bytes.withUnsafeBytes { bytes in
            func send(_ count: Int) throws -> CompletionEntry? {
                let entry = SubmissionEntry.send(
                    descriptor: pair.near,
                    address: bytes.baseAddress!,
                    byteCount: count,
                    token: token(count)
                )
                try ring.submit(entry.endingInline())
                try ring.enter(waitFor: 0, deadline: nil)
                #expect(ring.isSettled)
                return ring.nextCompletion()
            }
            #expect(try send(1000) == nil)
            let partial = try #require(try send(bytes.count))
            #expect(partial.result > 0)
            #expect(try send(1)?.error == .again)
            #expect(pair.readFar().count == 1000 + Int(partial.result))
            pair.closeFar()
            #expect(try send(1)?.error == .brokenPipe)
        }
    }

    @Test("Many rings on one thread, one after the other and at the same time", arguments: EngineKind.tested)
    func manyRings(engine: EngineKind) throws {
        for _ in 0..<50 { _ = try Ring(engine: engine, submissionEntries: 4, completionEntries: 8) }
        // More than a thread may register.
        let rings = try (0..<20).map { _ in try Ring(engine: engine, submissionEntries: 4, completionEntries: 8) }
        for ring in rings {
            try ring.submit(.receiveOnce(descriptor: -1, group: 0, token: token(1)))
            #expect(try ring.completions(1).count == 1)
        }
    }

    @Test("A ring that is dropped on another thread leaves that thread's own ring alone", arguments: EngineKind.tested)
    func droppedElsewhere(engine: EngineKind) throws {
        let carried = Unmanaged.passRetained(
            try Ring(engine: engine, submissionEntries: 4, completionEntries: 8)
        ).toOpaque()
        let body: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { carried in
            let carried = Unmanaged<Ring>.fromOpaque(carried!)
            let engine = carried.takeUnretainedValue().kind
            // As many as a thread may register, so that one has the number of the ring that is dropped.
            let rings = (0..<16).compactMap { _ in
                try? Ring(engine: engine, submissionEntries: 4, completionEntries: 8)
            }
            carried.release()
            let works = rings.count == 16 && rings.allSatisfy { (try? $0.enter(waitFor: 0, deadline: nil)) != nil }
            return UnsafeMutableRawPointer(bitPattern: works ? 1 : 2)
        }
        var thread = pthread_t()
        pthread_create(&thread, nil, body, carried)
        var result: UnsafeMutableRawPointer?
        pthread_join(thread, &result)
        #expect(UInt(bitPattern: result) == 1)
    }

    @Test("Without descriptors there is no ring, and the error says so", arguments: EngineKind.tested)
    func noDescriptors(engine: EngineKind) async {
        await #expect(processExitsWith: .success) { [engine] in
            let error = withoutDescriptors { () -> RingError? in
                do throws(RingError) { _ = try Ring(engine: engine) } catch { return error }
                return nil
            }
            exit(error == .tooManyOpenFiles ? 0 : 1)
        }
    }
}
