import Testing

@testable import Eddy

/// Values that each loop has separately.
@Suite("loop: local values", .serialized, .timeLimit(.minutes(5)))
struct LocalTests {
    private enum Count: EventLoop.LocalKey {
        static func makeValue(on loop: EventLoop) -> Int { 100 }
    }

    private enum Cache: EventLoop.LocalKey {
        static func makeValue(on loop: EventLoop) -> [String: Int] {
            #expect(loop.isCurrent)
            // One value may need another.
            loop.local[Count.self] += 1
            return [:]
        }
    }

    /// Not `Sendable`: it records where it is deinitialised.
    private final class Guest {
        let loop: EventLoop
        let ended: Channel<Bool>

        init(loop: EventLoop, ended: Channel<Bool>) {
            self.loop = loop
            self.ended = ended
        }

        deinit { ended.send(loop.isCurrent) }
    }

    private enum GuestKey: EventLoop.LocalKey {
        static func makeValue(on loop: EventLoop) -> Guest? { nil }
    }

    @Test("Each loop has its own value, created on first use")
    func values() async throws {
        try await withLoops(count: 2) { group in
            let (first, second) = (group.loops[0], group.loops[1])
            await first.run {
                for _ in 0..<5 { first.local[Count.self] += 1 }
                first.local[Cache.self]["a"] = 1
                #expect(first.local[Cache.self] == ["a": 1])
                #expect(first.local[Count.self] == 106)
            }
            await second.run {
                #expect(second.local[Count.self] == 100)
                #expect(second.local[Cache.self].isEmpty)
            }
            #expect(await first.run { first.local[Count.self] } == 106)
        }
    }

    @Test("A loop's values end with it, on its thread")
    func end() async throws {
        let ended = Channel<Bool>()
        try await withLoops { group in
            let loop = group.next()
            await loop.run {
                loop.withLocal(GuestKey.self) { guest in guest = Guest(loop: loop, ended: ended) }
                #expect(loop.withLocal(GuestKey.self) { guest in guest != nil })
            }
        }
        #expect(try await ended.next())
    }

    private enum Numbers: EventLoop.LocalKey {
        static func makeValue(on loop: EventLoop) -> [Int] { Array(repeating: 0, count: 1000) }
    }

    /// Changes a number after `others` have run.
    private static func set(_ number: inout Int, after others: () async -> Void) async {
        await others()
        number = 1
    }

    @Test("An asynchronous change works on a copy, regardless of what other tasks store meanwhile")
    func overlappingChanges() async throws {
        try await withLoops { group in
            let loop = group.next()
            await loop.run {
                await Self.set(&loop.local[Numbers.self][0]) {
                    // Frees the array whose element is being changed.
                    await Task(executorPreference: loop) { loop.local[Numbers.self] = [] }.value
                    #expect(loop.local[Numbers.self].isEmpty)
                }
                #expect(loop.local[Numbers.self] == [1] + Array(repeating: 0, count: 999))
            }
        }
    }

    @Test("withLocal changes a collection in place")
    func changesInPlace() async throws {
        try await withLoops { group in
            let loop = group.next()
            await loop.run {
                let addresses = (0..<2).map { number in
                    loop.withLocal(Numbers.self) { numbers in
                        numbers[number] = 1
                        return numbers.withUnsafeBufferPointer { UInt(bitPattern: $0.baseAddress) }
                    }
                }
                #expect(addresses[0] == addresses[1])
                #expect(loop.local[Numbers.self].prefix(3) == [1, 1, 0])
            }
        }
    }

    @Test("A body that throws keeps its change, and the value can be used again")
    func throwingBody() async throws {
        try await withLoops { group in
            let loop = group.next()
            await loop.run {
                #expect(throws: CancellationError.self) {
                    try loop.withLocal(Numbers.self) { numbers in
                        numbers = [7]
                        throw CancellationError()
                    }
                }
                #expect(loop.withLocal(Numbers.self) { numbers in numbers } == [7])
            }
        }
    }

    @Test("One value can be used within another")
    func differentValues() async throws {
        try await withLoops { group in
            let loop = group.next()
            await loop.run {
                loop.withLocal(Numbers.self) { numbers in numbers[0] = loop.withLocal(Count.self) { count in count } }
                #expect(loop.local[Numbers.self][0] == 100)
            }
        }
    }

    /// Reads its own key when it is dropped.
    private final class Dropped: Sendable {
        let loop: EventLoop
        init(loop: EventLoop) { self.loop = loop }
        deinit { _ = loop.local[DroppedKey.self] }
    }

    private enum DroppedKey: EventLoop.LocalKey {
        static func makeValue(on loop: EventLoop) -> Dropped? { Dropped(loop: loop) }
    }

    @Test("A value that is being replaced may read its successor")
    func replaced() async throws {
        try await withLoops { group in
            let loop = group.next()
            await loop.run {
                #expect(loop.local[DroppedKey.self] != nil)
                loop.local[DroppedKey.self] = nil
                #expect(loop.local[DroppedKey.self] == nil)
            }
        }
    }

    @Test("Using a value within another use of it traps", arguments: NestedUse.allCases)
    func nestedUse(use: NestedUse) async {
        expectTrap(
            await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) { [use] in
                let loop = try EventLoopGroup(count: 1).next()
                await loop.run {
                    loop.withLocal(Count.self) { count in
                        switch use {
                        case .lend: loop.withLocal(Count.self) { inner in inner += count }
                        case .read: count += loop.local[Count.self]
                        case .replace: loop.local[Count.self] = count
                        }
                    }
                }
            },
            saying: "is used within another use of it"
        )
    }

    enum NestedUse: Codable, Sendable, CaseIterable {
        case lend, read, replace
    }

    private enum Endless: EventLoop.LocalKey {
        static func makeValue(on loop: EventLoop) -> Int { loop.local[Endless.self] + 1 }
    }

    @Test("A value whose initial value reads itself traps")
    func madeOfItself() async {
        expectTrap(
            await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
                let loop = try EventLoopGroup(count: 1).next()
                _ = await loop.run { loop.local[Endless.self] }
            },
            saying: "uses the value that it makes"
        )
    }

    /// Starts a task on its loop when it is dropped.
    private final class LastWords: Sendable {
        let loop: EventLoop
        let said: Channel<Bool>

        init(loop: EventLoop, said: Channel<Bool>) {
            self.loop = loop
            self.said = said
        }

        deinit {
            Task(executorPreference: loop) { [loop, said] in
                await Task.yield()
                said.send(loop.isCurrent)
            }
        }
    }

    private enum LastWordsKey: EventLoop.LocalKey {
        static func makeValue(on loop: EventLoop) -> LastWords? { nil }
    }

    @Test("A task that a value starts when the loop ends still runs on the loop")
    func lastTask() async throws {
        let said = Channel<Bool>()
        try await withLoops { group in
            let loop = group.next()
            await loop.run { loop.local[LastWordsKey.self] = LastWords(loop: loop, said: said) }
        }
        #expect(try await said.next())
    }

    @Test("Using local values off the loop's thread traps")
    func elsewhere() async {
        expectTrap(
            await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
                let group = try EventLoopGroup(count: 1)
                _ = group.next().local
            },
            saying: "are used on their event loop's thread"
        )
    }
}
