import Foundation
import Testing

@testable import Eddy

/// Loops that end with a scope, however it is left.
@Suite("loop: scoped groups", .serialized, .timeLimit(.minutes(5)))
struct WithEventLoopsTests {
    private struct Failure: Error {}

    @Test("The threads have ended when the scope returns, and its result is returned")
    func returns() async throws {
        let loops = try await withEventLoops(count: 3) { group in
            for loop in group.loops { #expect(await loop.run { loop.isCurrent }) }
            return group.loops
        }
        #expect(loops.count == 3)
        for loop in loops { #expect(loop.hasEnded) }
    }

    @Test("The threads have ended when the scope throws")
    func throwing() async throws {
        let loops = Channel<[EventLoop]>()
        await #expect(throws: Failure.self) {
            try await withEventLoops(count: 2) { group in
                loops.send(group.loops)
                throw Failure()
            }
        }
        for loop in try await loops.next() { #expect(loop.hasEnded) }
    }

    @Test("Cancelling the scope ends the threads and everything on them")
    func cancelled() async throws {
        let loops = Channel<[EventLoop]>()
        let listener = try PeerListener()
        let task = Task {
            try await withEventLoops(count: 2) { group in
                loops.send(group.loops)
                try await group.next().run {
                    try await EventLoop.current!.connect(to: listener.address) { connection in
                        while try await connection.read() != nil {}
                    }
                }
            }
        }
        let ended = try await loops.next()
        let peer = try await listener.accept()
        task.cancel()
        await #expect(throws: ConnectionError.cancelled) { try await task.value }
        for loop in ended { #expect(loop.hasEnded) }
        #expect(try await peer.receiveUntilBroken().error == .connectionReset)
    }

    @Test("A task on one group's loop can create another group")
    func nested() async throws {
        try await withEventLoops(count: 1) { outer in
            let loop = outer.next()
            try await loop.run {
                try await withEventLoops(count: 1) { inner in
                    #expect(loop.isCurrent)
                    #expect(await inner.next().run { !loop.isCurrent })
                }
                #expect(loop.isCurrent)
            }
        }
    }

    /// The processors of the calling thread, as proc_pid_status(5) lists them.
    private static func allowedProcessors() throws -> String {
        let lines = try String(contentsOfFile: "/proc/thread-self/status", encoding: .utf8).split(separator: "\n")
        return String(lines.first { $0.hasPrefix("Cpus_allowed_list:") } ?? "")
    }

    @Test("Each pinned loop has one processor, and the program keeps its own")
    func pinned() async throws {
        let processors = EventLoopGroup.processorCount
        var configuration = EventLoop.Configuration()
        configuration.isPinned = true
        // More loops than processors: the assignment wraps around.
        try await withEventLoops(count: processors + 1, configuration: configuration) { group in
            var places: Set<String> = []
            for loop in group.loops {
                #expect(await loop.run { EventLoopGroup.processorCount } == 1)
                places.insert(try await loop.run { try Self.allowedProcessors() })
            }
            #expect(places.count == processors)
        }
        #expect(EventLoopGroup.processorCount == processors)
    }
}

extension EventLoop {
    /// Whether the loop accepts no more work.
    fileprivate var hasEnded: Bool { !inbox.post(.work {}) }
}
