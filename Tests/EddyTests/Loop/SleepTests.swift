import Testing

@testable import Eddy

/// Tasks that sleep on a loop.
@Suite("loop: sleep", .serialized, .timeLimit(.minutes(5)))
struct SleepTests {
    @Test("Sleeping tasks wake in the order of their deadlines")
    func order() async throws {
        try await withLoops { group in
            let loop = group.next()
            let woken = Record()
            let start = ContinuousClock.now
            try await loop.run {
                try await withThrowingDiscardingTaskGroup { tasks in
                    for number in [3, 1, 2, 0] {
                        tasks.addTask {
                            try await loop.sleep(for: start + .milliseconds(200 * number) - .now)
                            woken.append(number)
                        }
                    }
                }
            }
            #expect(woken.numbers == [0, 1, 2, 3])
        }
    }

    @Test("A sleep of zero or less returns at once", arguments: [Duration.zero, .seconds(-999), .seconds(.min / 2)])
    func over(duration: Duration) async throws {
        try await withLoops { group in
            let loop = group.next()
            try await loop.run { try await loop.sleep(for: duration) }
        }
    }

    @Test("Cancelling a task ends a sleep of any length", arguments: [Duration.seconds(1000), .seconds(Int64.max)])
    func cancelled(duration: Duration) async throws {
        try await withLoops { group in
            let loop = group.next()
            let asleep = Channel<Void>()
            let sleeper = Task {
                try await loop.run {
                    asleep.send(())
                    try await loop.sleep(for: duration)
                }
            }
            try await asleep.next()
            sleeper.cancel()
            await #expect(throws: CancellationError.self) { try await sleeper.value }
        }
    }

    @Test("A task that was already cancelled does not sleep")
    func cancelledBefore() async throws {
        try await withLoops { group in
            let loop = group.next()
            let gate = Gate()
            let sleeper = Task {
                await gate.wait()
                try await loop.run { try await loop.sleep(for: .seconds(1000)) }
            }
            sleeper.cancel()
            gate.open()
            await #expect(throws: CancellationError.self) { try await sleeper.value }
        }
    }

    @Test("Cancelling many sleeping tasks as they wake resumes each once")
    func race() async throws {
        try await withLoops { group in
            let loop = group.next()
            for round in 0..<100 {
                let sleeper = Task { try await loop.run { try await loop.sleep(for: .microseconds(round * 5)) } }
                await Task.yield()
                sleeper.cancel()
                _ = await sleeper.result
            }
        }
    }
}
