import Testing

@testable import Eddy

/// Slots and their identifiers.
@Suite("connections: table")
struct ConnectionTableTests {
    @Test("A table takes exactly as many connections as it has room for", arguments: [1, 255, 256, 257, 1000])
    func capacity(capacity: Int) {
        let table = ConnectionTable(capacity: capacity)
        var slots: Set<UInt32> = []
        for descriptor in 0..<Int32(capacity) {
            guard let slot = table.occupy(descriptor: descriptor, phase: .open) else { break }
            slots.insert(slot)
        }
        #expect(slots.count == capacity)
        #expect(table.count == capacity)
        #expect(table.occupy(descriptor: 0, phase: .open) == nil)
        table.vacate(0)
        #expect(table.occupy(descriptor: 7, phase: .open) == 0)
        #expect(table.occupy(descriptor: 0, phase: .open) == nil)
    }

    @Test("An identifier becomes stale once its slot is vacated")
    func generations() throws {
        let table = ConnectionTable(capacity: 2)
        let slot = try #require(table.occupy(descriptor: 5, phase: .open) as UInt32?)
        let generation = table[slot].generation
        #expect(table.isCurrent(slot, generation: generation) == true)
        table.vacate(slot)
        #expect(table.isCurrent(slot, generation: generation) == false)
        #expect(table.occupy(descriptor: 6, phase: .connecting) == slot)
        #expect(table.isCurrent(slot, generation: generation) == false)
        #expect(table.isCurrent(slot, generation: table[slot].generation) == true)
    }

    @Test("A reused slot keeps no state of its previous connection")
    func freshState() throws {
        let table = ConnectionTable(capacity: 1)
        let slot = try #require(table.occupy(descriptor: 5, phase: .open) as UInt32?)
        table[slot].flags = [.peerEnded, .ended, .starved]
        table[slot].failure = 104
        table[slot].ending = .reset
        table[slot].relayPeer = 3
        table.vacate(slot)
        #expect(table.occupy(descriptor: 9, phase: .connecting) == slot)
        #expect(table[slot].descriptor == 9)
        #expect(table[slot].phase == .connecting)
        #expect(table[slot].flags == [])
        #expect(!table[slot].hasFailed)
        #expect(table[slot].ending == .orderly)
        #expect(!table[slot].isRelaying)
    }

    @Test("Iteration visits all slots in use, and no others")
    func visiting() {
        let table = ConnectionTable(capacity: 600)
        for descriptor in 0..<Int32(600) { _ = table.occupy(descriptor: descriptor, phase: .open) }
        for slot in stride(from: UInt32(0), to: 600, by: 2) { table.vacate(slot) }
        var visited: [UInt32] = []
        table.forEachOccupied { visited.append($0) }
        #expect(visited == Array(stride(from: 1, to: 600, by: 2)))
    }
}
