import EddySystem
import EddyTestSupport
import Glibc
import Testing

@testable import Eddy

/// The watchdog reports jobs that block a loop, and nothing else.
@Suite("loop: watchdog", .serialized, .timeLimit(.minutes(5)))
struct WatchdogTests {
    // MARK: Real loops

    /// A watchdog that should report nothing.
    private static var watched: EventLoop.Configuration {
        var configuration = EventLoop.Configuration()
        configuration.watchdog = .init(threshold: .seconds(100)) { _ in }
        return configuration
    }

    @Test("A blocking job is reported with its task while it blocks, and once more when it is over")
    func stall() async throws {
        let stalls = Channel<EventLoop.Stall>()
        var configuration = EventLoop.Configuration()
        configuration.watchdog = .init(threshold: .milliseconds(20)) { stalls.send($0) }
        try await withLoops(count: 2, configuration: configuration) { group in
            let loop = group.loops[1]
            let gate = Gate()
            let task = Channel<UInt64>()
            async let blocked: Void = loop.run {
                task.send(loop.currentTask ?? 0)
                gate.waitBlocking()
            }
            // On a busy machine other jobs may stall.
            let number = try await task.next()
            let first = try await stalls.next { $0.task == number }
            #expect(first.loop == 1)
            #expect(!first.isOver)
            #expect(first.duration >= .milliseconds(20))
            #expect(number != 0)
            gate.open()
            await blocked
            let second = try await stalls.next { $0.task == number }
            #expect(second.isOver)
            #expect(second.duration >= first.duration)
            #expect(await loop.statistics().stalls >= 1)
        }
    }

    @Test("The watchdog of idle loops sleeps; a blocking job wakes it and is reported")
    func idle() async throws {
        let stalls = Channel<EventLoop.Stall>()
        var configuration = EventLoop.Configuration()
        configuration.watchdog = .init(threshold: .milliseconds(5)) { stalls.send($0) }
        try await withLoops(count: 2, configuration: configuration) { group in
            let signal = group.loops[0].heartbeat!.signal
            #expect(signal === group.loops[1].heartbeat!.signal)
            for loop in group.loops {
                try await eventually { signal.isAsleep }
                let samples = signal.sampleCount
                // Twenty samples, for a watchdog that does not sleep.
                try await Task.sleep(for: .milliseconds(50))
                #expect(signal.sampleCount == samples)
                #expect(signal.isAsleep)
                let gate = Gate()
                let task = Channel<UInt64>()
                async let blocked: Void = loop.run {
                    task.send(loop.currentTask ?? 0)
                    gate.waitBlocking()
                }
                let number = try await task.next()
                let stall = try await stalls.next { $0.task == number }
                #expect(!stall.isOver)
                #expect(!signal.isAsleep)
                gate.open()
                await blocked
            }
        }
    }

    @Test("A task that polls the ring while it waits to read does not count as blocking")
    func inside() async throws {
        try await withServer(configuration: Self.watched) { server in
            let peer = try await Peer.connect(to: server.address)
            try await peer.send([1])
            #expect(try await peer.receive(1) == [1])
            let heartbeat = server.group.next().heartbeat!
            try await eventually { !heartbeat.snapshot().isRunning }
            try await peer.send([2])
            #expect(try await peer.receive(1) == [2])
            peer.close()
        }
    }

    @Test("A task keeps its number across suspensions, and each task has its own")
    func taskNumbers() async throws {
        try await withLoops(configuration: Self.watched) { group in
            let loop = group.next()
            let numbers = try await loop.run {
                let first = loop.currentTask
                try await loop.sleep(for: .milliseconds(1))
                #expect(loop.currentTask == first)
                async let child = loop.currentTask
                return (first, await child)
            }
            #expect(numbers.0 != nil)
            #expect(numbers.0 != numbers.1)
        }
    }

    @Test("A loop runs without a watchdog")
    func without() async throws {
        var configuration = EventLoop.Configuration()
        configuration.watchdog = nil
        try await withLoops(configuration: configuration) { group in
            #expect(await group.next().run { group.next().currentTask } == nil)
            #expect(await group.statistics().stalls == 0)
        }
    }

    @Test("A report says which loop, how long and what to do")
    func description() {
        let stall = EventLoop.Stall(loop: 3, duration: .milliseconds(120), task: 17, isOver: false)
        #expect("\(stall)".hasPrefix("event loop 3 is blocked by task 17, for 120 ms so far"))
        let actor = EventLoop.Stall(loop: 3, duration: .milliseconds(120), task: 0, isOver: true)
        #expect("\(actor)" == "event loop 3 runs again; an actor blocked it for 120 ms")
    }

    @Test("A report names the connection and the handler's location, as far as they are known")
    func descriptionOfConnection() throws {
        var stall = EventLoop.Stall(loop: 0, duration: .milliseconds(120), task: 17, isOver: true)
        stall.peer = try SocketAddress("127.0.0.1:7000")
        #expect("\(stall)".contains("; the connection from 127.0.0.1:7000 blocked it"))
        stall.handler = "Server/main.swift:12"
        #expect(
            "\(stall)".contains("; the connection from 127.0.0.1:7000 (handler at Server/main.swift:12) blocked it")
        )
        stall.peer = nil
        #expect("\(stall)".contains("; a connection (handler at Server/main.swift:12) blocked it"))
    }

    @Test("A stall names the connection that the job used, and its handler's location", arguments: [false, true])
    func names(writes: Bool) async throws {
        let stalls = Channel<EventLoop.Stall>()
        var configuration = EventLoop.Configuration()
        configuration.watchdog = .init(threshold: .milliseconds(20)) { stalls.send($0) }
        let gate = Gate()
        let handler: TCPServer.Handler = { connection in
            if writes {
                try await connection.eventLoop.sleep(for: .milliseconds(1))
                try await connection.write("hello")
            } else {
                _ = try await connection.read()
            }
            gate.waitBlocking()
        }
        try await withServer(configuration: configuration, handler: handler) { server in
            let peer = try await Peer.connect(to: server.address)
            try await peer.send([1])
            let stall = try await stalls.next { $0.peer == peer.localAddress }
            #expect(!stall.isOver)
            // `withServer` runs the server.
            #expect(stall.handler?.hasPrefix("EddyTests/RunningServer.swift:") == true)
            gate.open()
            #expect(try await stalls.next { $0.isOver && $0.peer == peer.localAddress }.handler == stall.handler)
            peer.close()
        }
    }

    @Test("An invalid threshold traps with a reason")
    func invalidThreshold() async {
        expectTrap(
            await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
                var configuration = EventLoop.Configuration()
                configuration.watchdog = .init(threshold: .zero)
                _ = try EventLoopGroup(count: 1, configuration: configuration)
            },
            saying: "the watchdog's threshold must be at least 1 ms"
        )
    }

    // MARK: The detector alone, with a clock of its own

    @Test("A job is reported once it has run for the threshold, and then once more")
    func reports() {
        let (watched, reports) = Watched.make(threshold: .milliseconds(100))
        var (detector, now) = (watched.detector, Instant.distantPast)
        watched.heartbeat.begin(watched.job)
        for _ in 0..<10 {
            detector.sample(at: now)
            now = now.advanced(by: .milliseconds(50))
        }
        #expect(reports.contents.map(\.duration) == [.milliseconds(100)])
        watched.heartbeat.begin(watched.job)
        detector.sample(at: now)
        detector.sample(at: now.advanced(by: .milliseconds(50)))
        #expect(reports.contents.map(\.duration) == [.milliseconds(100), .milliseconds(450)])
        #expect(reports.contents.map(\.isOver) == [false, true])
        #expect(watched.heartbeat.stallCount == 1)
    }

    @Test("A loop that waits, or runs short jobs in succession, is not stalled")
    func quiet() {
        let (watched, reports) = Watched.make(threshold: .milliseconds(100))
        var (detector, now) = (watched.detector, Instant.distantPast)
        for _ in 0..<10 {
            watched.heartbeat.begin(watched.job)
            detector.sample(at: now)
            now = now.advanced(by: .milliseconds(50))
        }
        watched.heartbeat.end()
        for _ in 0..<10 {
            detector.sample(at: now)
            now = now.advanced(by: .milliseconds(50))
        }
        #expect(reports.contents.isEmpty)
    }

    @Test("Nothing is reported when no job has run since the last sample")
    func isIdle() {
        let (watched, _) = Watched.make(threshold: .milliseconds(100))
        var (detector, now) = (watched.detector, Instant.distantPast)
        func isIdle() -> Bool {
            now = now.advanced(by: .milliseconds(50))
            return detector.sample(at: now)
        }
        #expect(isIdle())
        watched.heartbeat.begin(watched.job)
        #expect(!isIdle())
        #expect(!isIdle())
        watched.heartbeat.end()
        #expect(!isIdle())
        #expect(isIdle())
        watched.heartbeat.begin(watched.job)
        watched.heartbeat.end()
        #expect(!isIdle())
        #expect(isIdle())
    }

    @Test("A process that was stopped for a while has not stalled its loops")
    func stopped() {
        let (watched, reports) = Watched.make(threshold: .milliseconds(100))
        var detector = watched.detector
        watched.heartbeat.begin(watched.job)
        detector.sample(at: 1_000_000_000)
        detector.sample(at: 90_000_000_000)
        #expect(reports.contents.isEmpty)
        detector.sample(at: 90_050_000_000)
        #expect(reports.contents.isEmpty)
        detector.sample(at: 90_100_000_000)
        #expect(reports.contents.map(\.duration) == [.milliseconds(100)])
    }

    /// What a thread does in the 50 ms between two samples, and whether its job is reported, with how long it held the
    /// loop.
    private static let threads: [(name: String, processor: UInt64, queue: UInt64, isRunnable: Bool, held: Int?)] = [
        ("computes", 50, 0, true, 100),
        ("is asleep in a call", 0, 0, false, 100),
        ("computes and sleeps by turns", 25, 0, false, 100),
        ("waits for a processor", 0, 0, true, nil),
        ("has waited for a processor most of the time", 5, 45, true, nil),
        ("has waited for a processor most of the time, and sleeps now", 2, 45, false, nil),
        ("has waited for a processor half of the time", 25, 25, true, 100),
    ]

    @Test("The time for which a thread waits for a processor does not count for its job", arguments: threads)
    func waitsForProcessor(
        thread: (name: String, processor: UInt64, queue: UInt64, isRunnable: Bool, held: Int?)
    ) {
        let times = Notes<SchedulerTimes>()
        times.append(SchedulerTimes(processor: 1_000_000_000, queue: 1_000_000_000, isRunnable: true))
        let (watched, reports) = Watched.make(threshold: .milliseconds(100)) { times.contents.last }
        var (detector, now) = (watched.detector, Instant.distantPast)
        watched.heartbeat.begin(watched.job)
        for _ in 0..<10 {
            detector.sample(at: now)
            now = now.advanced(by: .milliseconds(50))
            var next = times.contents.last!
            next.processor += thread.processor * 1_000_000
            next.queue += thread.queue * 1_000_000
            next.isRunnable = thread.isRunnable
            times.append(next)
        }
        #expect(reports.contents.map(\.duration) == (thread.held.map { [.milliseconds($0)] } ?? []))
    }

    @Test("A job is not reported where the system does not tell what its thread does")
    func unknownTimes() {
        let (watched, reports) = Watched.make(threshold: .milliseconds(100)) { nil }
        var detector = watched.detector
        watched.heartbeat.begin(watched.job)
        for number in 0..<10 { detector.sample(at: .distantPast.advanced(by: .milliseconds(50 * number))) }
        #expect(reports.contents.isEmpty)
    }

    /// A heartbeat, a job to show there, and a detector for it. By default the thread is asleep in the job.
    private struct Watched {
        let heartbeat = Heartbeat(signal: StallDetectorSignal())
        let job: UnownedJob
        let detector: StallDetector

        static func make(
            threshold: Duration,
            times: @escaping @Sendable () -> SchedulerTimes? = {
                SchedulerTimes(processor: 0, queue: 0, isRunnable: false)
            }
        ) -> (Watched, Reports) {
            let reports = Reports()
            let watched = Watched(job: waitingJob, reports: reports, threshold: threshold, times: times)
            return (watched, reports)
        }

        /// Shared by all: only its task's number is read. It never runs, so it is kept.
        private static let waitingJob: UnownedJob = {
            let executor = JobTaker()
            Task(executorPreference: executor) {}
            return executor.take(1)[0]
        }()

        private init(
            job: UnownedJob,
            reports: Reports,
            threshold: Duration,
            times: @escaping @Sendable () -> SchedulerTimes?
        ) {
            self.job = job
            detector = StallDetector(.init(threshold: threshold) { reports.append($0) }, heartbeats: [heartbeat]) { _ in
                times()
            }
        }
    }
}

private typealias Reports = Notes<EventLoop.Stall>

extension Channel where Value == EventLoop.Stall {
    /// The next stall that matches.
    fileprivate func next(_ isMeant: (EventLoop.Stall) -> Bool) async throws -> EventLoop.Stall {
        while true {
            let stall = try await next()
            if isMeant(stall) { return stall }
        }
    }
}
