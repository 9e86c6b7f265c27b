import Testing

@testable import Eddy

/// Values that each loop has for itself.
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

    /// Not `Sendable`: it says where it ends.
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

    @Test("Each loop has its own value, made when it is first used")
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

    @Test("Elsewhere than on the loop's thread it traps")
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
