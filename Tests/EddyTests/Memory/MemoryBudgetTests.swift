import Eddy
import EddyBuffers
import Testing

@testable import Eddy

@Suite("memory: connection budget")
struct MemoryBudgetTests {
    private static let limit = 128 << 20
    private let budget = MemoryBudget(maximumBytes: limit)

    @Test("A connection may hold an eighth of the free budget, and never less than the floor")
    func threshold() {
        #expect(budget.byteCount == 8 << 20)
        #expect(budget.threshold(queuedBytes: 0) == 1 << 20)
        #expect(budget.threshold(queuedBytes: 4 << 20) == 512 << 10)
        #expect(budget.threshold(queuedBytes: 8 << 20) == budget.floor)
        #expect(budget.threshold(queuedBytes: 1 << 40) == budget.floor)
    }

    @Test("Small pools share three sixteenths, large ones 8 MiB or a sixteenth")
    func pools() {
        #expect(MemoryBudget(maximumBytes: 4 << 20).byteCount == 768 << 10)
        #expect(MemoryBudget(maximumBytes: 32 << 20).byteCount == 6 << 20)
        #expect(MemoryBudget(maximumBytes: 64 << 20).byteCount == 8 << 20)
        #expect(MemoryBudget(maximumBytes: 1 << 30).byteCount == 64 << 20)
    }

    @Test(
        "However many connections fill their thresholds, they stay within one and a half budgets",
        arguments: [1, 20, 500, 2000, 20_000, 65_536]
    )
    func sum(count: Int) {
        var budget = budget
        budget.connectionsChanged(to: count)
        var held = [Int](repeating: 0, count: count)
        var total = 0
        for _ in 0..<40 {
            for index in held.indices {
                let room = min(budget.share, budget.threshold(queuedBytes: total) - held[index])
                guard room > 0 else { continue }
                held[index] += room
                total += room
            }
        }
        #expect(total <= budget.byteCount * 3 / 2)
        #expect(held.allSatisfy { $0 >= min(budget.floor, 128) })
        if count == 2000 { #expect(total / count <= 8 << 10) }
    }

    @Test("The floor falls as the number of connections grows, and rises again")
    func floor() {
        var budget = budget
        #expect(budget.floor == MemoryBudget.largestFloor)
        budget.connectionsChanged(to: 65_536)
        #expect(budget.floor == 128)
        budget.connectionsChanged(to: 10_000)
        #expect(budget.floor == (8 << 20) / 20_000)
        budget.connectionsChanged(to: 0)
        #expect(budget.floor == MemoryBudget.largestFloor)
    }

    @Test("Closed connections leave their floors to the others")
    func closedConnections() async throws {
        var configuration = EventLoop.Configuration()
        configuration.pool = BufferPool.Configuration(receiveChunkSize: 64 << 10, maximumBytes: 4 << 20)
        try await withServer(configuration: configuration) { server in
            let loop = server.group.next()
            var peers: [Peer] = []
            for _ in 0..<200 { peers.append(try await Peer.connect(to: server.address)) }
            try await eventually { await loop.statistics().connections == 200 }
            #expect(await loop.run { loop.driver.memory.value.floor } == (768 << 10) / 400)
            for peer in peers { peer.close() }
            try await eventually { await loop.statistics().connections == 0 }
            #expect(await loop.run { loop.driver.memory.value.floor } == MemoryBudget.largestFloor)
        }
    }

    @Test("Memory is tight from seven eighths of the budget on until half of it is free")
    func tightness() {
        var budget = budget
        let full = budget.byteCount
        #expect(!budget.update(queuedBytes: full / 8 * 7) && !budget.isTight)
        #expect(budget.update(queuedBytes: full / 8 * 7 + 1) && budget.isTight)
        // It has become tight before.
        #expect(!budget.update(queuedBytes: full) && budget.isTight)
        #expect(!budget.update(queuedBytes: full / 2 + 1) && budget.isTight)
        #expect(!budget.update(queuedBytes: full / 2) && !budget.isTight)
    }
}
