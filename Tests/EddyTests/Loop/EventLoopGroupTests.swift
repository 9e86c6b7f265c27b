import Foundation
import Testing

@testable import Eddy

/// Groups that are created and shut down.
@Suite("loop: groups", .serialized, .timeLimit(.minutes(5)))
struct EventLoopGroupTests {
    @Test("next() returns the loops in turn")
    func turns() async throws {
        try await withLoops(count: 3) { group in
            let round = (0..<6).map { _ in group.next() }
            for index in 0..<3 {
                #expect(round[index] === group.loops[index])
                #expect(round[index + 3] === group.loops[index])
            }
        }
    }

    @Test("A group can be shut down twice, and by two threads at once")
    func shutDownTwice() async throws {
        let group = try EventLoopGroup(count: 2)
        async let first: Void = blocking { group.shutDown() }
        async let second: Void = blocking { group.shutDown() }
        _ = try await (first, second)
        // New threads, which may have the identities of the loops' threads.
        for _ in 0..<10 { try await blocking { group.shutDown() } }
    }

    @Test("An ended group may be shut down again, on threads that started later")
    func finishTwice() async throws {
        for _ in 0..<20 {
            let group = try EventLoopGroup(count: 2)
            await group.shutDown()
            try await Task { try await blocking {} }.value
            await group.shutDown()
            await group.shutDown()
        }
    }

    @Test("Creating and shutting down groups repeatedly leaves nothing behind")
    func manyGroups() async {
        await #expect(processExitsWith: .success) {
            let before = try await ProcessHoldings.settled().descriptors
            for _ in 0..<20 { try await EventLoopGroup(count: 2).shutDown() }
            let after = try await ProcessHoldings.settled().descriptors
            let threads = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").compactMap {
                try? String(contentsOfFile: "/proc/self/task/\($0)/comm", encoding: .utf8)
            }
            exit(before == after && !threads.contains { $0.hasPrefix("eddy-") } ? 0 : 1)
        }
    }

    @Test("Shutting down a group within a loop's task does not harm the loop")
    func nested() async throws {
        try await withServer { server in
            try await server.group.next().run {
                // The other group's rings are freed here, on this loop's thread.
                for _ in 0..<3 { try await EventLoopGroup(count: 2).shutDown() }
            }
            let peer = try await Peer.connect(to: server.address)
            try await peer.send([1])
            #expect(try await peer.receive(1) == [1])
            peer.close()
        }
    }

    @Test("Connections that are open when the loops end are reset")
    func leftConnections() async throws {
        let group = try EventLoopGroup(count: 1)
        let listener = try PeerListener()
        let loop = group.next()
        let task = Task {
            try await loop.run {
                try await loop.connect(to: listener.address) { connection in
                    while try await connection.read() != nil {}
                }
            }
        }
        let peer = try await listener.accept()
        try await peer.send([1, 2, 3])
        try await eventually { await loop.statistics().bytesReceived == 3 }
        try await blocking { group.shutDown() }
        await #expect(throws: ConnectionError.shutDown) { try await task.value }
        #expect(try await peer.receiveUntilBroken().error == .connectionReset)
    }

    @Test("A connection that only writes is also reset, so that its peer does not take partial data for complete")
    func leftWriter() async throws {
        let group = try EventLoopGroup(count: 1)
        let listener = try PeerListener()
        let loop = group.next()
        let sent = Channel<Void>()
        let task = Task {
            try await loop.run {
                try await loop.connect(to: listener.address) { connection in
                    try await connection.write("half of it")
                    while connection.queuedBytes > 0 { try await loop.sleep(for: .milliseconds(1)) }
                    sent.send(())
                    // Never waits for the connection, which could report the end.
                    while true {
                        try await connection.write("")
                        await Task.yield()
                    }
                }
            }
        }
        let peer = try await listener.accept()
        try await sent.next()
        try await blocking { group.shutDown() }
        #expect(try await peer.receiveUntilBroken().error == .connectionReset)
        await #expect(throws: ConnectionError.shutDown) { try await task.value }
    }
}
