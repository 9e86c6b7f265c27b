import EddyBuffers
import Testing

@testable import Eddy

/// A loop as an executor.
@Suite("loop: jobs and statistics", .serialized, .timeLimit(.minutes(5)))
struct EventLoopTests {
    @Test("Tasks and child tasks run on the loop's thread and return to it")
    func thread() async throws {
        try await withLoops { group in
            let loop = group.next()
            #expect(EventLoop.current == nil)
            #expect(!loop.isCurrent)
            await loop.run {
                #expect(EventLoop.current === loop)
                async let child = loop.isCurrent
                #expect(await child)
                await Elsewhere.shared.visit()
                #expect(loop.isCurrent)
                await Task.detached { #expect(!loop.isCurrent) }.value
                #expect(loop.isCurrent)
            }
        }
    }

    @Test("Jobs from many threads at once all run")
    func jobsFromOtherThreads() async throws {
        try await withLoops { group in
            let loop = group.next()
            let count = LoopCounter()
            await withDiscardingTaskGroup { tasks in
                for _ in 0..<20 {
                    tasks.addTask {
                        for _ in 0..<100 { await loop.run { count.value += 1 } }
                    }
                }
            }
            #expect(await loop.run { count.value } == 2000)
        }
    }

    @Test("A job wakes a sleeping loop, repeatedly")
    func wakeUps() async throws {
        try await withLoops { group in
            for round in 0..<50 {
                #expect(await group.next().run { round } == round)
                try await Task.sleep(for: .milliseconds(1))
            }
        }
    }

    @Test("Tasks that never wait do not keep the loop from serving its connections")
    func busyTasks() async throws {
        try await withServer { server in
            let loop = server.group.next()
            let stop = Gate()
            let busy = Task {
                await loop.run { while !stop.isOpen { await Task.yield() } }
            }
            let peer = try await Peer.connect(to: server.address)
            try await peer.send([1, 2, 3])
            #expect(try await peer.receive(3) == [1, 2, 3])
            stop.open()
            await busy.value
            peer.close()
        }
    }

    @Test("The statistics count the work done")
    func statistics() async throws {
        let statistics = try await withServer { server in
            for _ in 0..<3 {
                let peer = try await Peer.connect(to: server.address)
                try await peer.send([1, 2, 3, 4])
                _ = try await peer.receive(4)
                peer.close()
            }
        }
        #expect(statistics.connectionsAccepted == 3)
        #expect(statistics.connectionsClosed == 3)
        #expect(statistics.bytesReceived == 12)
        #expect(statistics.bytesSent == 12)
        #expect(statistics.enters > 0)
        #expect(statistics.submissions > 0)
        #expect(statistics.iterations > 0)
        #expect(statistics.iterations <= statistics.enters)
        #expect(statistics.completionsPerEnter > 0)
        #expect(statistics.jobQueueHighWater > 0)
        #expect(statistics.crossThreadWakeups > 0)
        #expect(statistics.processorTime > .zero)
        #expect(statistics.runningTime > .zero)
        #expect(statistics.completions > 0)
        #expect(statistics.handlerFailures == 0)
        #expect(statistics.connectionsRefused == 0)
        #expect(statistics.pool.slabs > 0)
        let twice = statistics + statistics
        #expect(twice.bytesSent == 24)
        #expect(twice.processorTime == statistics.processorTime * 2)
        #expect(twice.jobQueueHighWater == statistics.jobQueueHighWater)
        #expect(twice.pool.slabs == 2 * statistics.pool.slabs)
    }

    @Test("Buffers created on the loop come from its pool")
    func pool() async throws {
        try await withLoops { group in
            let loop = group.next()
            await loop.run {
                let before = loop.pool.statistics.slicesOut
                let buffer = Buffer.allocUnsafe(100)
                #expect(loop.pool.statistics.slicesOut == before + 1)
                _ = consume buffer
                #expect(loop.pool.statistics.slicesOut == before)
            }
        }
    }

    @Test("Invalid limits trap with a reason")
    func invalidConfiguration() async {
        expectTrap(
            await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
                var configuration = EventLoop.Configuration()
                configuration.lowWatermark = configuration.highWatermark + 1
                _ = try EventLoopGroup(count: 1, configuration: configuration)
            },
            saying: "lowWatermark must lie in 1...highWatermark"
        )
        expectTrap(
            await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
                var configuration = EventLoop.Configuration()
                configuration.maximumConnections = 0
                _ = try EventLoopGroup(count: 1, configuration: configuration)
            },
            saying: "maximumConnections must be at least 1"
        )
        expectTrap(
            await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
                var configuration = EventLoop.Configuration()
                configuration.pool.receiveChunkSize = 0
                _ = try EventLoopGroup(count: 1, configuration: configuration)
            },
            saying: "receiveChunkSize"
        )
        expectTrap(
            await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
                var configuration = EventLoop.Configuration()
                configuration.pool.maximumBytes = 1 << 20
                _ = try EventLoopGroup(count: 1, configuration: configuration)
            },
            saying: "maximumBytes"
        )
    }

    private actor Elsewhere {
        static let shared = Elsewhere()
        func visit() {}
    }

    /// Counts on a single thread.
    private final class LoopCounter: @unchecked Sendable {
        var value = 0
    }
}
